"""A backup gives everything back: rows, history, files and sequences; and a restore is all or nothing."""

import hashlib
import io
import json
import tarfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from leads.actions.leads import log_lead, record_engagement, update_lead
from leads.models import Lead
from presales import backup, postgres_tools

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Uploaded files, and a folder for what comes and goes; none of them the installation's."""
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "media", tmp_path / "var"
    (tmp_path / "media" / "imports").mkdir(parents=True)
    (tmp_path / "media" / "imports" / "leads – März.csv").write_text("Name\nLena\n")
    return settings.MEDIA_ROOT


@pytest.fixture
def elsewhere():
    """An empty database beside the test's own."""
    name = f"{connection.settings_dict['NAME']}_restored"
    other = DatabaseWrapper({**connection.settings_dict, "NAME": name}, alias="restored")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    yield other
    other.close()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def story(ae, sign_in):
    """A lead with a past; somebody is signed in."""
    sign_in(ae)
    lead = log_lead(ae, name="Lena Ortiz", email="lena@acme.example", company_name="Ácme “quoted” \\ Söhne")
    update_lead(ae, lead, version=lead.version, notes="line\nline\ttab", reason="she called")
    record_engagement(ae, Lead.objects.get(), kind="meeting", note="on site")
    return lead


@pytest.fixture
def made(story, tmp_path, media):
    return backup.make(tmp_path / "kept", connection, media)


def content(database):
    """A fingerprint of every table, and the names of what belongs to them."""
    found = {}
    with postgres_tools.session(database) as session, session.cursor() as cursor:
        cursor.execute(postgres_tools.TABLES)
        for (name,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM public."{name}" t'
            )
            found[name] = cursor.fetchone()
        cursor.execute("SELECT tgname, tgrelid::regclass::text, tgenabled FROM pg_trigger WHERE NOT tgisinternal")
        found["triggers"] = sorted(cursor.fetchall())
        cursor.execute("SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace")
        found["constraints"] = sorted(cursor.fetchall())
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        found["indexes"] = sorted(cursor.fetchall())
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        found["sequences"] = sorted(cursor.fetchall())
    return found


def changed(path, change):
    """The backup `path` with its manifest changed."""
    with tarfile.open(path) as archive:
        parts = {member.name: archive.extractfile(member).read() for member in archive}
    manifest = json.loads(parts.pop(backup.MANIFEST))
    change(manifest, parts)
    parts[backup.MANIFEST] = json.dumps(manifest).encode()
    with tarfile.open(path, "w") as archive:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_everything_comes_back_in_another_database(made, elsewhere, tmp_path):
    target = tmp_path / "media elsewhere"
    done = backup.restore(made.path, elsewhere, target)
    before, after = content(connection), content(elsewhere)
    assert before.pop("django_session")[0] == 1
    assert after.pop("django_session")[0] == 0  # a backup signs nobody in
    assert after == before
    assert after["leads_leadevent"][0] >= 2
    assert (done.rows, done.files, done.missing_migrations) == (made.rows, 1, 0)
    assert (target / "imports" / "leads – März.csv").read_text() == "Name\nLena\n"


def test_the_restored_database_goes_on_counting_and_writing_history(made, elsewhere, tmp_path):
    backup.restore(made.path, elsewhere, tmp_path / "other")
    with postgres_tools.session(elsewhere) as session, session.cursor() as cursor:
        cursor.execute("SELECT max(id), (SELECT count(*) FROM people_teamevent) FROM people_team")
        highest, events = cursor.fetchone()
        cursor.execute("SELECT * FROM people_team LIMIT 1")
        columns = ", ".join(column.name for column in cursor.description if column.name != "id")
        values = columns.replace("name,", "'North',", 1)
        cursor.execute(f"INSERT INTO people_team ({columns}) SELECT {values} FROM people_team LIMIT 1 RETURNING id")
        assert cursor.fetchone()[0] > highest
        cursor.execute("SELECT count(*) FROM people_teamevent")
        assert cursor.fetchone()[0] == events + 1


def test_a_database_or_a_folder_that_is_not_empty_is_left_alone(made, elsewhere, media, tmp_path):
    with pytest.raises(backup.BackupError, match="is not empty: it has"):
        backup.restore(made.path, connection, tmp_path / "other")
    with pytest.raises(backup.BackupError, match="media is not empty"):
        backup.restore(made.path, elsewhere, media)


def test_replace_puts_it_in_the_place_of_what_came_later(made, elsewhere, tmp_path):
    media = tmp_path / "other"
    backup.restore(made.path, elsewhere, media)
    (media / "later.csv").touch()
    before = content(elsewhere)
    with postgres_tools.session(elsewhere) as session, session.cursor() as cursor:
        cursor.execute("DELETE FROM leads_engagement; CREATE TABLE of_a_later_version (id int)")
        cursor.execute("UPDATE leads_lead SET name = 'Overwritten'")
        session.commit()
    assert content(elsewhere) != before
    backup.restore(made.path, elsewhere, media, replace=True)
    assert content(elsewhere) == before
    assert [path.name for path in media.iterdir()] == ["imports"]


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path):
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)


def no_backup(path):
    path.write_text("Name,Email\n")


def smuggled(path):
    def change(manifest, parts):
        parts["media/../../escaped"] = b"x"
        manifest["files"]["media/../../escaped"] = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}

    changed(path, change)


def without_a_file(path):
    changed(path, lambda manifest, parts: parts.pop(next(name for name in parts if name.startswith("media/"))))


def newer(path):
    changed(path, lambda manifest, parts: manifest["migrations"].append(["leads", "9999_from_the_future"]))


def other_format(path):
    changed(path, lambda manifest, parts: manifest.update(format=2))


def no_manifest_worth_the_name(path):
    changed(path, lambda manifest, parts: manifest.pop("tables"))


def a_dump_that_is_none(path):
    def change(manifest, parts):
        parts["database.dump"] = b"PGDMP and then nothing"
        manifest["files"]["database.dump"]["sha256"] = hashlib.sha256(parts["database.dump"]).hexdigest()

    changed(path, change)


def a_row_more(path):
    changed(path, lambda manifest, parts: manifest["tables"].update(leads_lead=99))


def a_table_more(path):
    changed(path, lambda manifest, parts: manifest["tables"].update(leads_nothing=0))


def a_table_with_a_hostile_name(path):
    changed(path, lambda manifest, parts: manifest["tables"].update({"x'); DROP TABLE leads_lead; --": 1}))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.unlink(), "There is no file"),
        (no_backup, "is not a backup of Presales"),
        (cut, "cut off or damaged"),
        (flipped, "does not match its checksum"),
        (smuggled, "no part of a backup"),
        (without_a_file, "is missing"),
        (newer, "made by a newer Presales"),
        (other_format, "has format 2"),
        (no_manifest_worth_the_name, "is not a backup of Presales"),
        (a_dump_that_is_none, "pg_restore cannot read the dump"),
        (a_row_more, "leads_lead has 1 rows, the backup says 99"),
        (a_table_more, "leads_nothing did not come back"),
        (a_table_with_a_hostile_name, "none of Presales"),
    ],
)
def test_a_broken_backup_is_refused_and_changes_nothing(made, media, spoil, says):
    before = content(connection)
    spoil(made.path)
    with pytest.raises(CommandError, match=says) as refused:
        call_command("restore", str(made.path), "--replace", "--no-copy")
    assert str(refused.value).endswith("Nothing was changed.")
    assert content(connection) == before
    assert (media / "imports" / "leads – März.csv").exists()


def test_a_busy_database_says_so(made, elsewhere, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_tools, "LOCK_SECONDS", 0.2)
    backup.restore(made.path, elsewhere, tmp_path / "other")
    with postgres_tools.session(elsewhere) as somebody, somebody.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM leads_lead")
        with pytest.raises(backup.BackupError, match="Stop web, worker and beat"):
            backup.restore(made.path, elsewhere, tmp_path / "other", replace=True)


def test_the_commands_keep_what_was_there_and_delete_what_is_old(story, media, tmp_path, capsys):
    where = tmp_path / "nightly"
    where.mkdir()
    for day in (1, 2, 3):
        (where / f"presales-2020010{day}-000000.tar").touch()
    call_command("backup", f"--to={where}", "--keep=2")
    old, new = backup.stored(where)
    assert (old.name, oct(new.stat().st_mode)[-3:]) == ("presales-20200103-000000.tar", "600")
    before = content(connection)
    Lead.objects.update(name="Overwritten")
    call_command("restore", str(new), "--replace")
    assert content(connection) == before | {"django_session": (0, None)}
    (kept,) = backup.stored(backup.folder() / "before-restore")
    assert backup.read_manifest(kept)["tables"]["leads_lead"] == 1
    assert "What was here is kept in" in capsys.readouterr().out


def test_an_older_backup_says_what_to_do_next(made, elsewhere, tmp_path):
    changed(made.path, lambda manifest, parts: manifest["migrations"].pop())
    assert backup.restore(made.path, elsewhere, tmp_path / "other").missing_migrations == 1


def test_without_a_file_restore_lists_the_newest(made, media):
    call_command("backup")
    with pytest.raises(CommandError, match=r"the newest are:\n  .*presales-"):
        call_command("restore")


def test_a_database_without_tables_has_nothing_to_back_up(elsewhere, tmp_path, media):
    with pytest.raises(backup.BackupError, match="nothing to back up"):
        backup.make(tmp_path, elsewhere, media)
    assert backup.stored(tmp_path) == []


def test_missing_tools_are_named(monkeypatch):
    monkeypatch.setattr(postgres_tools.embedded, "client_folders", list)
    with pytest.raises(postgres_tools.ToolError, match="postgresql-client-99"):
        postgres_tools.tools(99)


def test_every_migration_is_in_the_manifest(made):
    applied = MigrationRecorder(connection).applied_migrations()
    assert {tuple(pair) for pair in backup.read_manifest(made.path)["migrations"]} == set(applied)
