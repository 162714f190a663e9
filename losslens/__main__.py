"""``python -m losslens``."""

import sys

from losslens.cli import main

if __name__ == "__main__":
    sys.exit(main())
