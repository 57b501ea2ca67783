-- The variations of the last 28 days against the control (the one named control, else the first by name), per user
-- variation string The variation.
-- is_control boolean Whether it is the control.
-- users bigint Users, without those who saw two variations.
-- excluded bigint Users who saw this variation first and another one later.
-- days bigint Days from the first exposure to the last; 14 or more before a decision.
-- exposures bigint Items seen.
-- clicks bigint Of these, those that were clicked.
-- ctr double clicks / exposures.
-- variance double Variance of ctr by the delta method over users.
-- difference double ctr less the control's; NULL, as all comparisons, where the users are not split evenly.
-- low double Lower end of the 95 % interval of the difference.
-- high double Upper end of the 95 % interval of the difference.
-- z double difference in standard errors.
-- p double Two-sided probability of such a z without a difference.
-- buyers bigint Users with a purchase.
-- buyer_rate double buyers / users.
-- buyer_difference double buyer_rate less the control's.
-- buyer_z double buyer_difference in standard errors, by the pooled rate.
-- buyer_p double Two-sided probability of such a buyer_z without a difference.
-- purchases_per_user double Purchases / users.
-- revenue_per_user double Revenue / users, in the reporting currency.
-- srm_chi2 double Chi-square of an even split of the users between the variation and the control, 1 degree of freedom.
-- srm_p double Probability of such a split by chance; below 0.001 the assignment is broken.
WITH compared_users AS (
  SELECT
    variation,
    contaminated,
    CASE WHEN NOT contaminated THEN first_date END AS first_date,
    CASE WHEN NOT contaminated THEN last_date END AS last_date,
    CASE WHEN NOT contaminated THEN CAST(exposures AS double) END AS exposures,
    CASE WHEN NOT contaminated THEN CAST(clicks AS double) END AS clicks,
    CASE WHEN NOT contaminated THEN CAST(purchases AS double) END AS purchases,
    CASE WHEN NOT contaminated THEN revenue END AS revenue
  FROM experiment_users
),

sums AS (
  SELECT
    variation,
    count_if(NOT contaminated) AS users,
    count_if(contaminated) AS excluded,
    date_diff('day', date(min(first_date)), date(max(last_date))) + 1 AS days,
    coalesce(sum(exposures), 0) AS exposures,
    coalesce(sum(clicks), 0) AS clicks,
    var_samp(exposures) AS exposures_variance,
    var_samp(clicks) AS clicks_variance,
    covar_samp(clicks, exposures) AS covariance,
    count_if(purchases > 0) AS buyers,
    sum(purchases) AS purchases,
    sum(revenue) AS revenue
  FROM compared_users
  GROUP BY variation
),

rates AS (
  SELECT
    variation,
    users,
    excluded,
    days,
    exposures,
    clicks,
    buyers,
    clicks / nullif(exposures, 0) AS ctr,
    -- Rounding leaves a little more or less than 0 where all users have the same rate.
    greatest(
      clicks_variance
      - 2 * clicks / nullif(exposures, 0) * covariance
      + power(clicks / nullif(exposures, 0), 2) * exposures_variance
      - 1e-12 * clicks_variance,
      0
    ) * users / nullif(power(exposures, 2), 0) AS variance,
    CAST(buyers AS double) / nullif(users, 0) AS buyer_rate,
    purchases / nullif(users, 0) AS purchases_per_user,
    revenue / nullif(users, 0) AS revenue_per_user
  FROM sums
),

control AS (
  SELECT
    *,
    row_number() OVER (ORDER BY CASE WHEN variation = 'control' THEN 0 ELSE 1 END, variation) AS place
  FROM rates
),

splits AS (
  SELECT
    r.*,
    c.variation AS control,
    c.ctr AS control_ctr,
    c.variance AS control_variance,
    c.buyer_rate AS control_buyer_rate,
    CAST(r.buyers + c.buyers AS double) / nullif(r.users + c.users, 0) AS pooled_rate,
    CAST(1 AS double) / nullif(r.users, 0) + CAST(1 AS double) / nullif(c.users, 0) AS inverse_users,
    CASE
      WHEN r.variation <> c.variation
        THEN power(CAST(r.users - c.users AS double), 2) / nullif(r.users + c.users, 0)
    END AS srm_chi2
  FROM rates r
  INNER JOIN control c ON c.place = 1
),

differences AS (
  SELECT
    *,
    CASE WHEN srm_chi2 < 10.83 THEN ctr - control_ctr END AS difference,
    CASE WHEN srm_chi2 < 10.83 THEN buyer_rate - control_buyer_rate END AS buyer_difference,
    sqrt(variance + control_variance) AS standard_error,
    sqrt(pooled_rate * (1 - pooled_rate) * inverse_users) AS buyer_standard_error
  FROM splits
)

SELECT
  d.variation,
  d.variation = d.control AS is_control,
  d.users,
  d.excluded,
  d.days,
  CAST(d.exposures AS bigint) AS exposures,
  CAST(d.clicks AS bigint) AS clicks,
  d.ctr,
  d.variance,
  d.difference,
  d.difference - 1.959964 * d.standard_error AS low,
  d.difference + 1.959964 * d.standard_error AS high,
  d.difference / nullif(d.standard_error, 0) AS z,
  2 * (1 - normal_cdf(0, 1, abs(d.difference / nullif(d.standard_error, 0)))) AS p,
  d.buyers,
  d.buyer_rate,
  d.buyer_difference,
  d.buyer_difference / nullif(d.buyer_standard_error, 0) AS buyer_z,
  2 * (1 - normal_cdf(0, 1, abs(d.buyer_difference / nullif(d.buyer_standard_error, 0)))) AS buyer_p,
  d.purchases_per_user,
  d.revenue_per_user,
  d.srm_chi2,
  2 * (1 - normal_cdf(0, 1, sqrt(d.srm_chi2))) AS srm_p
FROM differences d
