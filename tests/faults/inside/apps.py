"""When everything is loaded: the points at which a process may die, and at most one mutant."""

import os

from django.apps import AppConfig

from tests.faults.inside.clock import add_clock
from tests.faults.inside.mutants import MUTANTS
from tests.faults.inside.points import add_points


class InsideConfig(AppConfig):
    """`FAULTS_FOLDER` is where the harness leaves its orders, `FAULTS_MUTANT` the name of a mutant."""

    name = "tests.faults.inside"
    label = "faults_inside"

    def ready(self) -> None:
        add_clock(os.environ.get("FAULTS_FOLDER", ""))
        add_points(os.environ.get("FAULTS_FOLDER", ""))
        mutant = os.environ.get("FAULTS_MUTANT", "")
        if mutant:
            MUTANTS[mutant]()
