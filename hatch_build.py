"""Build hook: an editable install sees the rooms at the root as ``onrecord.<room>``.

For ``pip install -e .`` it fills ``.dev/onrecord`` with relative directory links (junctions on Windows) to the rooms.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = ("index", "qa", "ui", "eval")


class EditableLinks(BuildHookInterface[Any]):
    """Links ``.dev/onrecord/<room>`` to each room when the build is an editable one."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            return
        package = Path(self.root, ".dev", "onrecord")
        package.mkdir(parents=True, exist_ok=True)
        for room in ROOMS:
            link = package / room
            if link.exists():
                continue
            if os.name == "nt":
                subprocess.run(["cmd", "/c", "mklink", "/J", str(link), str(Path(self.root, room))], check=True)
            else:
                link.symlink_to(Path("..", "..", room), target_is_directory=True)
