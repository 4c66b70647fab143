"""`python child.py CORE COMMAND...`: become that command, on that core, and end with the process that asked for it."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

os.sched_setaffinity(0, {int(sys.argv[1])})
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
os.execvp(sys.argv[2], sys.argv[2:])
