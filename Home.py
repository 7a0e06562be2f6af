"""The dashboard's script, which runs before every page: sign-in and navigation."""

from crm_core.ui import navigation

navigation.run()
