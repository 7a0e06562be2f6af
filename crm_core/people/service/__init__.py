"""Commands on people: accounts, signing in, API tokens."""

from crm_core.people.service.accounts import create_staff as create_staff
from crm_core.people.service.accounts import deactivate as deactivate
from crm_core.people.service.accounts import reactivate as reactivate
from crm_core.people.service.accounts import set_password as set_password
from crm_core.people.service.accounts import set_roles as set_roles
from crm_core.people.service.settings import change_parameter as change_parameter
from crm_core.people.service.sign_in import LINK_WRONG as LINK_WRONG
from crm_core.people.service.sign_in import Attempt as Attempt
from crm_core.people.service.sign_in import begin_sign_in as begin_sign_in
from crm_core.people.service.sign_in import close_all_sessions as close_all_sessions
from crm_core.people.service.sign_in import close_session as close_session
from crm_core.people.service.sign_in import complete_sign_in as complete_sign_in
from crm_core.people.service.sign_in import end_all_sessions as end_all_sessions
from crm_core.people.service.sign_in import end_session as end_session
from crm_core.people.service.sign_in import make_sign_in_link as make_sign_in_link
from crm_core.people.service.sign_in import open_session as open_session
from crm_core.people.service.sign_in import redeem_sign_in_link as redeem_sign_in_link
from crm_core.people.service.sign_in import sign_in_verified as sign_in_verified
from crm_core.people.service.tokens import create_token as create_token
from crm_core.people.service.tokens import revoke_token as revoke_token
