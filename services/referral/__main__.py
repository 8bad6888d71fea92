"""`python -m services.referral`: run the service until SIGTERM."""

from services.referral.app import service
from services.referral.settings import ReferralSettings
from shared.service import run

run(service, ReferralSettings)
