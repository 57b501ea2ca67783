"""Pages are uploaded after their files, with types and cache settings, and old files stay for a week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from deployment.pages import __main__ as command
from deployment.pages.upload import FOREVER, NEVER, PagesError, built_files, invalidate, upload
from tests.fakes.buckets import FakePagesBucket

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "rivulet-dev-pages"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BUILT = ("assets/shop-0123abcd.js", "assets/shop-4567cdef.css", "openapi.json", "reference.html", "index.html")


def build(folder: Path, *names: str) -> Path:
    for name in (*names, ".ready"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def s3() -> FakePagesBucket:
    return FakePagesBucket(BUCKET)


def test_files_are_uploaded_before_the_pages_that_use_them(tmp_path: Path, s3: FakePagesBucket) -> None:
    done = upload(s3, BUCKET, build(tmp_path, *sorted(BUILT)), NOW)

    assert done.files == BUILT
    assert list(s3.objects) == list(BUILT)


def test_a_file_with_a_hash_is_cached_for_ever_and_another_never(tmp_path: Path, s3: FakePagesBucket) -> None:
    upload(s3, BUCKET, build(tmp_path, *BUILT, "assets/shop.js", "robots.txt"), NOW)

    cached = {key for key, stored in s3.objects.items() if stored["CacheControl"] == FOREVER}
    assert cached == {"assets/shop-0123abcd.js", "assets/shop-4567cdef.css"}
    assert {stored["CacheControl"] for stored in s3.objects.values()} == {FOREVER, NEVER}
    assert {key: stored["ContentType"].partition(";")[0] for key, stored in s3.objects.items()} == {
        "assets/shop-0123abcd.js": "text/javascript",
        "assets/shop-4567cdef.css": "text/css",
        "assets/shop.js": "text/javascript",
        "index.html": "text/html",
        "openapi.json": "application/json",
        "reference.html": "text/html",
        "robots.txt": "text/plain",
    }


def test_a_file_of_an_earlier_release_stays_for_a_week(tmp_path: Path, s3: FakePagesBucket) -> None:
    upload(s3, BUCKET, build(tmp_path / "a", *BUILT), NOW)
    later = build(tmp_path / "b", "assets/shop-89abcdef.js", "index.html")

    deleted = [upload(s3, BUCKET, later, NOW + timedelta(days=days)).deleted for days in (100, 100.1, 106.9, 107, 200)]

    gone = tuple(sorted(set(BUILT) - {"index.html"}))
    assert deleted == [(), (), (), gone, ()]
    assert set(s3.objects) == {"assets/shop-89abcdef.js", "index.html"}


def test_a_file_that_comes_back_is_not_deleted(tmp_path: Path, s3: FakePagesBucket) -> None:
    first = build(tmp_path / "a", *BUILT)
    upload(s3, BUCKET, first, NOW)
    upload(s3, BUCKET, build(tmp_path / "b", "index.html"), NOW)
    upload(s3, BUCKET, first, NOW + timedelta(days=1))

    assert upload(s3, BUCKET, first, NOW + timedelta(days=30)).deleted == ()
    assert set(s3.objects) == set(BUILT)


def test_the_settings_that_terraform_writes_are_left_alone(tmp_path: Path, s3: FakePagesBucket) -> None:
    s3.put_object(Bucket=BUCKET, Key="config.json", Body=b"{}", ContentType="application/json", CacheControl=NEVER)
    for days in (0, 30):
        upload(s3, BUCKET, build(tmp_path, *BUILT), NOW + timedelta(days=days))
    assert s3.objects["config.json"]["tags"] == []

    with pytest.raises(PagesError, match="would replace the file of Terraform"):
        built_files(build(tmp_path, "config.json"))


def test_pages_that_are_not_built_and_unknown_types_are_named(tmp_path: Path) -> None:
    with pytest.raises(PagesError, match=r"index\.html: run make"):
        built_files(tmp_path)
    with pytest.raises(PagesError, match=r"photo\.heic has an unknown type"):
        built_files(build(tmp_path, "index.html", "photo.heic"))


class FakeCloudFront:
    """Invalidations of a distribution."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.waited: list[dict[str, str]] = []

    def create_invalidation(self, *, DistributionId: str, InvalidationBatch: Any) -> Any:  # noqa: N803 - the client's
        assert InvalidationBatch["Paths"]["Quantity"] == len(InvalidationBatch["Paths"]["Items"])
        self.paths += InvalidationBatch["Paths"]["Items"]
        return {"Invalidation": {"Id": f"I-{DistributionId}"}}

    def get_waiter(self, name: str) -> Any:
        assert name == "invalidation_completed"
        return self

    def wait(self, **arguments: str) -> None:
        self.waited.append(arguments)


def test_a_page_without_a_file_that_it_names_is_not_uploaded(tmp_path: Path) -> None:
    folder = build(tmp_path, "assets/shop-0123abcd.js", "index.html")
    markup = '<link href="data:,"><a href="gone.html"><script src="{}"></script>'
    (folder / "index.html").write_text(markup.format("/assets/shop-0123abcd.js"))
    assert built_files(folder)[-1] == "index.html"

    (folder / "index.html").write_text(markup.format("assets/shop-ffffffff.js"))
    with pytest.raises(PagesError, match=r"index\.html names assets/shop-ffffffff\.js, which is not there"):
        built_files(folder)


def test_a_link_out_of_the_folder_is_not_uploaded(tmp_path: Path) -> None:
    folder = build(tmp_path / "pages", *BUILT)
    (tmp_path / "private.txt").write_text("secret")
    (folder / "p.txt").symlink_to(tmp_path / "private.txt")

    with pytest.raises(PagesError, match="is a link"):
        built_files(folder)


def test_edge_locations_forget_what_has_no_hash_and_are_waited_for() -> None:
    cloudfront = FakeCloudFront()

    invalidate(cloudfront, "E1", BUILT)

    assert cloudfront.paths == ["/", "/index.html", "/openapi.json", "/reference.html"]
    assert cloudfront.waited == [{"DistributionId": "E1", "Id": "I-E1"}]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, s3: FakePagesBucket) -> Any:
    class Environment:
        name = "dev"
        made: dict[str, Any] = {"shop_url": "https://d1.cloudfront.net"}  # noqa: RUF012 - of one test
        cloudfront = FakeCloudFront()

        def initialize(self) -> None:
            pass

        def outputs(self) -> dict[str, Any]:
            return self.made

        def client(self, service: str) -> Any:
            return {"s3": s3, "cloudfront": self.cloudfront}[service]

    found = Environment()
    monkeypatch.setattr(command, "open_environment", lambda _: found)
    return found


def test_the_command_uploads_to_the_shop_of_an_environment(
    tmp_path: Path, environment: Any, s3: FakePagesBucket, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.made |= {"pages": {"bucket": BUCKET, "distribution_id": "E1", "domain_name": "d1.cloudfront.net"}}

    assert command.main(["dev", "--folder", str(build(tmp_path, *BUILT))]) == 0

    assert capsys.readouterr().out == f"uploaded 5 files to {BUCKET}: https://d1.cloudfront.net\n"
    assert "index.html" in s3.objects
    assert environment.cloudfront.waited


def test_an_environment_without_a_shop_needs_no_pages(
    environment: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.made = {}

    assert command.main(["dev", "--folder", str(tmp_path)]) == 0
    assert "dev has no shop" in capsys.readouterr().out
