"""Without a collector named, tracing is not even there."""

import subprocess
import sys


def test_a_service_that_is_not_traced_does_not_import_the_sdk() -> None:
    look = (
        "import sys, shared.service as s, services.notifier.app; assert s.tracing_for('notifier') is None;"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    environment = {"PATH": "", "PYTHONPATH": ":".join(path for path in sys.path if path)}
    answer = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, env=environment)
    assert (answer.stdout.strip(), answer.returncode) == ("[]", 0), answer.stderr
