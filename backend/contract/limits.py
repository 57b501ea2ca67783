"""Limits of the data, each with its source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MAX_ID_LENGTH = 256
"""Characters of an id. https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html (userId, sessionId)"""

MAX_RECOMMENDATION_ID_LENGTH = 40
"""Characters. https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (recommendationId)"""

MAX_IMPRESSION_ITEMS = 25
"""Items shown together. https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (impression)"""

MAX_LABEL_LENGTH = 256
"""Rivulet's own limit on the characters of a name that an answer gave, such as model and variation, and of a device."""

MAX_COUNT = 10_000
"""Rivulet's own limit on units of an order line and on positions in a list; more is a mistake."""

MAX_PROPERTIES_BYTES = 1024
"""Bytes of JSON. https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html (properties)"""

MAX_PROPERTIES = 25
"""Rivulet's own limit on names per object; a flat object of 1,024 bytes rarely holds more."""

MAX_EVENT_BYTES = 10 * 1024
"""Bytes of one event in its canonical form.
https://docs.aws.amazon.com/personalize/latest/dg/limits.html (event size)"""

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader represents exactly. https://www.rfc-editor.org/rfc/rfc8259#section-6"""

MAX_FLOAT = 3.4028234663852886e38
"""Largest number of Avro's type float, which Personalize's schemas have for EVENT_VALUE and PRICE.
https://avro.apache.org/docs/1.11.1/specification/#primitive-types"""

MAX_EVENTS_PER_REQUEST = 500
"""Events in one body, as many as one PutRecords takes.
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""

MAX_UPLOAD_BYTES = 512 * 1024 * 1024
"""Bytes of an object as it is stored: some hundred megabytes take minutes; larger ones are for the Spark job."""

MAX_CATEGORY_LENGTH = 1000
"""Characters; a longer categorical value fails the import. https://docs.aws.amazon.com/personalize/latest/dg/limits.html"""

MAX_TEXT_LENGTH = 20_000
"""Characters of a textual field. https://docs.aws.amazon.com/personalize/latest/dg/items-datasets.html"""

EARLIEST_EVENT = datetime(1995, 1, 1, tzinfo=UTC)
"""No web shop is older; an earlier time is a broken clock or a wrong unit."""

MAX_CLOCK_AHEAD = timedelta(minutes=15)
"""How far a producer's clock may be ahead."""

EARLIEST_INSTANT = datetime(1900, 1, 1, tzinfo=UTC)
"""A film or a book may be old; older than this is a mistake."""

LATEST_INSTANT = datetime(2200, 1, 1, tzinfo=UTC)
"""An announced item may be in the future; a later time is a mistake."""
