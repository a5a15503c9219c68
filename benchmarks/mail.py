"""What sending costs: mails per second of a worker over those of smtplib with the same finished messages.

    python benchmarks/mail.py [--mails 200] [--rounds 12] [--only sqlite|postgres]

The worker takes each mail from its claim to its noted outcome, with one sender over one connection. smtplib
sends the same messages, built beforehand, over one connection to the same server. The two take turns. The
server is Postfix's smtp-sink where that is installed, otherwise a small one of ours in its own process.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a script, this folder would come first on the path, and click.py would hide the package `click`.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

    from benchmarks.sending import main

    main(sys.argv[1:])
