"""Wakeful: uptime and cron-job monitoring that lives in its user's own AWS account."""
