"""The stage of a service alone, and a desk on it: assessments come in, partners answer, everything said is read."""

from tests.component.services.conftest import set_stage as set_stage
