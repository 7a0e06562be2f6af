"""The permission table of the commands: what each function takes that acts for somebody.

It stands beside the code and not in it, so that a command which forgets its check is found.
"""

from crm_core.people.schemas import Permission

P = Permission

COMMANDS: dict[frozenset[Permission], str] = {
    frozenset({P.APPOINTMENTS_SUPERVISE}): """
        appointments.service.undoing: commit_undo plan_undo undo
        hospitals.doctors: add_leave create_department create_doctor remove_leave renew_calendar
        hospitals.doctors: set_hours update_doctor
        integrations.incoming.events: open_department take_on_doctor
    """,
    frozenset({P.APPOINTMENTS_WRITE}): """
        appointments.service.answering: settle_answer
        appointments.service.booking: create_appointment reschedule_appointment update_appointment
        appointments.service.booking: walk_in
        appointments.service.moving: arrive cancel_appointment commit_move complete
        appointments.service.moving: confirm_appointment mark_no_show plan_move start
        appointments.service.reminding: commit_reminders plan_reminders send_reminders
        appointments.service.waiting: join_waitlist leave_waitlist
        integrations.incoming.events: complete_visit
    """,
    frozenset({P.CAMPAIGNS_APPROVE}): """
        campaigns.service.approving: approve_campaign reject_campaign
    """,
    frozenset({P.CAMPAIGNS_DRAFT}): """
        campaigns.service.approving: submit_campaign
        campaigns.service.drafting: create_campaign update_campaign upload_list
        campaigns.service.steering: send_test
    """,
    frozenset({P.CAMPAIGNS_LAUNCH}): """
        campaigns.service.launching: launch_campaign schedule_campaign unschedule_campaign
        campaigns.service.steering: cancel_campaign pause_campaign resume_campaign
    """,
    frozenset({P.CAMPAIGNS_READ}): """
        campaigns.effects: compare_campaigns effect_of
        campaigns.people: list_recipients
        campaigns.previewing: filled_in preview_campaign
        campaigns.segments.counting: count_segment
    """,
    frozenset({P.ERASURES_APPROVE}): """
        privacy.erasures: approve_erasure refuse_erasure
        privacy.repeating: erase_again
    """,
    frozenset({P.ERASURES_READ}): """
        privacy.erasures: list_erasures look_at_erasure
    """,
    frozenset({P.EXPORT}): """
        insights.exports.past: list_exports
        insights.exports.service: open_export
    """,
    frozenset({P.FEEDBACK_WRITE}): """
        feedback.service.answering: reply_to_source
        feedback.service.intake: create_feedback
        feedback.service.inviting: invite invite_all
        feedback.service.linking: answer_invitation
        feedback.service.merging: merge_feedback
        feedback.service.resolving: close_feedback decide_suggestion reopen_feedback
        feedback.service.resolving: resolve_feedback
        feedback.service.triage: acknowledge_feedback assign_feedback note_feedback start_feedback
        feedback.service.triage: update_feedback wait_for_source
    """,
    frozenset({P.HISTORY_READ}): """
        insights.history: list_history seal_state
        insights.past: record_as_it_was
    """,
    frozenset({P.IDENTIFIERS_REVEAL}): """
        owners.service: reveal_identity
        patients.service: reveal_nin
        payouts.service.making: reveal_account
    """,
    frozenset({P.JOBS_RUN}): """
        campaigns.service.running: work_on_run
    """,
    frozenset({P.LOYALTY_ADJUST}): """
        loyalty.service.earning: adjust earn
        loyalty.service.rewards: create_reward withdraw_reward
        loyalty.service.tiers: set_tier
    """,
    frozenset({P.LOYALTY_REDEEM}): """
        loyalty.service.rewards: cancel_redemption redeem
    """,
    frozenset({P.MESSAGES_MANAGE}): """
        messaging.service.pausing: pause_channel resume_channel
        messaging.service.settling: commit_settle plan_settle
        messaging.texts.service: retire_template save_template
    """,
    frozenset({P.MESSAGES_READ}): """
        messaging.texts.service: preview
    """,
    frozenset({P.MESSAGES_SEND}): """
        messaging.consent.service: lift_suppression opt_in opt_out
        messaging.receiving.playing: play_reply
        messaging.replies: handle_reply
        messaging.service.queueing: send_message
        messaging.service.resending: commit_resend plan_resend resend_message
        messaging.texts.service: send_template
    """,
    frozenset({P.OWNERS_READ}): """
        owners.service: log_contact
    """,
    frozenset({P.OWNERS_WRITE}): """
        hospitals.service: create_hospital record_revenue
        integrations.incoming.events: onboard open_hospital record_revenue
        owners.contracts: draft_contract renew_contract sign_contract terminate_contract
        owners.satisfaction: record_survey
        owners.service: change_account create_owner update_owner
    """,
    frozenset({P.PATIENTS_WRITE}): """
        loyalty.importing.carrying: start_commit start_undo
        loyalty.importing.service: commit_import open_import
        loyalty.importing.undoing: commit_undo plan_undo
        loyalty.merging.joining: merge_patients
        loyalty.merging.parting: commit_merge_undo part_patients plan_merge_undo
        loyalty.merging.planning: commit_merge look_at_merge plan_merge
        loyalty.service.enrolment: register_patient
        patients.service: change_status create_patient update_patient
    """,
    frozenset({P.PAYOUTS_APPROVE}): """
        payouts.service.approving: approve_payout commit_approval plan_approval
        payouts.service.rejecting: commit_rejection plan_rejection reject_payout
        payouts.service.undoing: commit_undo plan_undo
        payouts.transfers.reconciling: release_payout
    """,
    frozenset({P.PAYOUTS_MAKE}): """
        payouts.service.making: cancel_payout create_payout update_payout
        payouts.service.preparing: commit_month plan_month
    """,
    frozenset({P.PAYOUTS_PAY}): """
        payouts.service.files: bank_file_content commit_file plan_file
        payouts.service.settling: commit_payment fail_payout pay_payout plan_payment
        payouts.service.settling: reverse_payout settle_payout suspend_payout
        payouts.transfers.planning: commit_transfer plan_transfer
        payouts.transfers.reconciling: verify_payout
    """,
    frozenset({P.PAYOUTS_PAY, P.PAYOUTS_APPROVE}): """
        payouts.transfers.accounts: resolve_account
    """,
    frozenset({P.PEOPLE_MANAGE}): """
        people.service.accounts: create_staff deactivate reactivate set_password set_roles
        people.service.sign_in: close_all_sessions end_all_sessions end_session make_sign_in_link
        people.service.tokens: create_token revoke_token
    """,
    frozenset({P.PRIVACY_MANAGE}): """
        privacy.incidents: list_incidents open_incident report_incident
        privacy.erasures: request_erasure
        privacy.packs: make_pack
    """,
    frozenset({P.SETTINGS_WRITE}): """
        feedback.service.settings: add_alarm_word remove_alarm_word remove_holiday set_holiday
        feedback.service.settings: set_hours set_target
        insights.work: work_under_way
        integrations.outgoing.service: replay subscribe unsubscribe
        payouts.service.making: set_rate
        people.service.settings: change_parameter
    """,
}
"""Any one of these permissions → module: functions, which refuse before they look at anything."""

INNER = {
    # Parts of commands, which have checked; jobs call them, too.
    "appointments.service.booking.book",
    "appointments.service.claiming.claim",
    "appointments.service.moving.move",
    "appointments.service.notices.send",
    "appointments.service.notices.tell",
    "appointments.service.offering.send_offers",
    "appointments.service.reminding.send_due_reminders",
    "campaigns.segments.health.require_choice",
    "campaigns.service.approving.approve_locked",
    "campaigns.service.common.refuse_drafter",
    "feedback.service.answering.sound_alarm",
    "feedback.service.common.entry",
    "feedback.service.common.move",
    "feedback.service.common.tell_source",
    "feedback.service.common.write",
    "feedback.service.escalating.escalate",
    "feedback.service.intake.praise",
    "feedback.service.intake.take_in",
    "feedback.service.resolving.reopen",
    "feedback.service.triage.go_on",
    "loyalty.importing.carrying.carry",
    "messaging.service.queueing.queue",
    "messaging.service.queueing.queue_all",
    "payouts.transfers.guarding.release",
    "payouts.transfers.guarding.settle_by_hand",
    # What a person outside does by a signed link or a reply.
    "appointments.service.waiting.take_offer",
    "feedback.service.resolving.take_rating",
    "messaging.receiving.ending.unsubscribe",
    "messaging.receiving.replies.take_replies",
    "messaging.receiving.stopping.choose",
    "messaging.receiving.stopping.obey",
    # It refuses when its first line is read.
    "privacy.repeating.proofs",
    # They look at what they were given first, and refuse then: test_permitted.py has each.
    "insights.exports.lists.open_list_export",
    "loyalty.importing.carrying.take_file",
    "loyalty.importing.queries.refused_file",
    "loyalty.importing.service.plan_import",
    # The command line alone, on a database that nobody uses yet.
    "backup.calm",
    # Everybody's own: what they find is what the person may see.
    "insights.search.search",
    "people.views.delete_view",
    "people.views.get_view",
    "people.views.list_views",
    "people.views.save_view",
}
"""Functions that act for somebody and do not refuse at once, and why they need not."""
