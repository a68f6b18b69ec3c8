"""Nothing leaves the machine: the switches of every library that would send something home, or look its maker up.

Libraries read these when they are imported, native code included, so ``onrecord.index`` imports this before anything
else, and whatever imports such a library at its top imports this first (``tests/test_private.py`` holds both). They are
set, not suggested: no environment turns them on again. Child processes inherit them.
"""

import os
import sys
import warnings

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime: native, from its import on
    "ANONYMIZED_TELEMETRY": "False",  # chromadb
    "GRADIO_ANALYTICS_ENABLED": "False",  # gradio: counts, and whether there is a newer version
    "GRADIO_RUN_HISTORY": "false",  # gradio: every question and answer in the browser's storage
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",  # fastapi: spans with query strings, logs with what errors say
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, transformers, sentence-transformers
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",  # ray: what a cluster is used for
    "DO_NOT_TRACK": "1",  # whoever keeps to the convention
}
LIBRARIES = (  # what reads them, at its import or later
    *("onnxruntime", "chromadb", "gradio", "huggingface_hub", "transformers", "sentence_transformers"),
    *("llama_index", "torch", "xllamacpp", "matplotlib", "langchain_core", "ray"),
)


def switch_off() -> None:
    """Sets the switches. Warns where onnxruntime was imported without its own: from then on nothing stops it.

    Measured with onnxruntime 1.32: its identifier file is written at its import and the first look-up follows nine
    seconds later, whether or not ``disable_telemetry_events`` is called or the variable is set in the meantime.
    """
    running = "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1"
    os.environ.update(SWITCHES)
    if running:
        getattr(sys.modules["onnxruntime"], "disable_telemetry_events", lambda: None)()  # no events, still look-ups
        warnings.warn(
            "onnxruntime was imported before onrecord, with its telemetry on, and cannot be stopped any more; import "
            "onrecord.index first, or set ORT_DISABLE_TELEMETRY=1 before the program starts.",
            RuntimeWarning,
            stacklevel=2,
        )


switch_off()
