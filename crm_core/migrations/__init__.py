"""Migrations go forward; importing this gathers the tables of every domain."""

from crm_core.appointments import models as appointments
from crm_core.base import history, models, parameters
from crm_core.base.db import Base
from crm_core.campaigns import models as campaigns
from crm_core.feedback import models as feedback
from crm_core.hospitals import models as hospitals
from crm_core.integrations import models as integrations
from crm_core.loyalty import models as loyalty
from crm_core.loyalty.importing import models as importing
from crm_core.loyalty.merging import models as merging
from crm_core.messaging import models as messaging
from crm_core.messaging.consent import models as consent
from crm_core.messaging.figures import models as message_figures
from crm_core.messaging.receiving import models as receiving
from crm_core.owners import models as owners
from crm_core.patients import models as patients
from crm_core.payouts import models as payouts
from crm_core.payouts.transfers import models as transfers
from crm_core.people import models as people
from crm_core.privacy import models as privacy

METADATA = Base.metadata
TABLES = (
    history,
    models,
    parameters,
    people,
    hospitals,
    owners,
    patients,
    loyalty,
    importing,
    merging,
    messaging,
    consent,
    receiving,
    message_figures,
    payouts,
    appointments,
    transfers,
    feedback,
    campaigns,
    integrations,
    privacy,
)
