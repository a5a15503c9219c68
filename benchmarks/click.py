"""What a customer's click costs: CPU of the served app over that of a bare function with the same statements.

    python benchmarks/click.py [--flows 400] [--rounds 12] [--only sqlite|postgres]

A flow is GET /s/<token>/<rating> and POST /s/<token>, with the headers of a person's press in Chromium, on an
invitation that nobody opened before. Both sides are served alike, one worker and one thread, and take turns.
CPU is that of the server's processes; a database server's own is the same for both and is left out.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a script, this folder would come first on the path, and this file would hide the package `click`.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

    from benchmarks.compare import main

    main(sys.argv[1:])
