"""The campaigns use what stands beside the tests of the rooms."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that `tests.ui` can be imported
