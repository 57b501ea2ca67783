-- The variations over a period against the control, per user
-- parameters: first day, last day
WITH experiment_users AS (
${experiment_users}
)

SELECT *
FROM (
${experiment}
) compared
ORDER BY is_control DESC, variation
