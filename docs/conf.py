"""
Sphinx configuration: narrative here, the API reference by pydoctor; no network is needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import dlms_twisted

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT / "docs"))

project = "dlms-twisted"
copyright = "2026, the dlms-twisted authors"
version = release = dlms_twisted.__version__

extensions = ["sphinx.ext.intersphinx", "pydoctor.sphinx_ext.build_apidocs", "classes_page"]
intersphinx_mapping: dict[str, tuple[str, None]] = {}
exclude_patterns = ["_build", "schema"]
html_theme = "alabaster"
html_static_path: list[str] = []
nitpicky = True

pydoctor_args = [
    "--project-name=dlms-twisted",
    f"--project-version={version}",
    "--docformat=epytext",
    "--html-output={outdir}/api",
    f"--project-base-dir={_ROOT}",
    "--warnings-as-errors",
    "--quiet",
    "--quiet",
    str(_ROOT / "dlms_twisted"),
]
pydoctor_url_path = "/api/"
