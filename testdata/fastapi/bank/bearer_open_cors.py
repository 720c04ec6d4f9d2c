"""Remedy A with its CORS opened to everyone: still nothing that a browser attaches."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bearer import create

app = create(["*"])
