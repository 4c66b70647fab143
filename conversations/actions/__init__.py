"""What can be done in rooms. Every function is atomic, takes keywords only, and raises named problems."""
