"""The functions of Trino that the laptop has, by the pages of its documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.athena.dialect.functions import aggregates, collections, numbers, strings, times

if TYPE_CHECKING:
    from deployment.emulator.athena.dialect.functions.signatures import Signature

AGGREGATES = aggregates.AGGREGATES
WINDOW = aggregates.WINDOW
SCALAR: dict[str, list[Signature]] = {
    **numbers.TABLE,
    **strings.TABLE,
    **times.TABLE,
    **collections.TABLE,
}
# Functions of Trino that the laptop refuses by name, so that they are not reported as unknown:
# https://trino.io/docs/current/functions/list.html.
ABSENT_FORMS = {"approx_percentile": (3, 4), "max_by": (3,), "min_by": (3,)}
"""Numbers of arguments of further forms that Trino has."""

ABSENT = frozenset(
    """
    approx_most_frequent approx_set array_first array_last bar beta_cdf bing_tile bit_count bitwise_left_shift
    bitwise_right_shift bitwise_right_shift_arithmetic bitwise_xor_agg char2hexint
    checksum color combinations contains_sequence convex_hull_agg cosine_distance cosine_similarity empty_approx_set
    euclidean_distance evaluate_classifier_predictions features format_number from_base32 from_base64url
    from_big_endian_32
    from_geojson_geometry from_ieee754_32 from_ieee754_64 from_iso8601_timestamp_nanos from_unixtime_nanos
    geometry_union great_circle_distance hash_counts hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512
    human_readable_seconds intersection_cardinality inverse_beta_cdf jaccard_index json_array json_array_get
    json_object learn_classifier learn_regressor luhn_check make_set_digest
    multimap_from_entries to_base32 to_base64url
    map_union map_zip_with merge murmur3 ngrams normalize numeric_histogram objectid parse_data_size parse_duration
    qdigest_agg quantile_at_value reduce_agg regexp_position render rgb shuffle skewness soundex
    split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 st_area st_contains st_distance st_point t_pdf tdigest_agg
    timezone_hour timezone_minute to_big_endian_32 to_char to_date to_geometry to_ieee754_32 to_ieee754_64
    to_timestamp try_cast uuid value_at_quantile values_at_quantiles version wilson_interval_lower
    wilson_interval_upper word_stem
    """.split()  # noqa: SIM905 - a list of a hundred quoted names is harder to read
)
