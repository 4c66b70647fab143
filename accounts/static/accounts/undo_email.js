// Sends the token of the link only when somebody asks for it: programs that look through mail open links, too.
const said = document.getElementById("said");
const button = document.getElementById("undo");

button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const answer = await fetch("/api/v1/accounts/me/email/undo/", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: location.hash.slice(1) }),
    });
    if (answer.ok) {
      said.textContent = "Done: the old address is back, and all devices are logged out.";
      return;
    }
    said.textContent = answer.status === 429 ? "Please try again in a moment." : "This link can no longer be used.";
  } catch {
    said.textContent = "The server cannot be reached. Please try again.";
  }
  button.disabled = false;
});
