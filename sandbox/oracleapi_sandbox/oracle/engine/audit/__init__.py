"""Unified auditing: policies, who they are enabled for, and the trail.

``actions``   what a statement does, to which objects, as policies name it (pure)
``rules``     policies and enablements as the dictionary has them, and which of them an event meets (pure)
``ddl``       CREATE, ALTER and DROP AUDIT POLICY, AUDIT and NOAUDIT
``trail``     one session's events, written to the trail

Source: Database SQL Language Reference 19c, CREATE AUDIT POLICY, AUDIT; Security Guide, unified auditing [D].
"""
