-- The users' records as of now, one row per user
-- user_id string The user, as user_key of users who logged in.
-- age_group string A band of ages.
-- gender string The gender that the user states.
-- interests string Interests; several joined by "|".
-- membership string The kind of account.
-- country string Country, as its code in ISO 3166.
-- region string State or region.
-- city string City or town.
-- device string The kind of device that the user mostly has.
-- created_at timestamp When the account was created, UTC.
-- valid_from timestamp When this version arrived, UTC.
SELECT
  user_id,
  age_group,
  gender,
  interests,
  membership,
  country,
  region,
  city,
  device,
  created_at,
  valid_from
FROM user_versions
WHERE is_current
