"""`python -m services.classifier`: the classifier as a process."""

from services.classifier.app import service
from services.classifier.settings import ClassifierSettings
from shared.service import run

if __name__ == "__main__":
    run(service, ClassifierSettings)
