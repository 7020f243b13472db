"""Bad requests get a 4xx with a reason and touch nothing; a broken start says why."""

from __future__ import annotations

import json
import logging

import pytest
from PIL import Image

from tests.fakes import saved_models as kinds
from tests.fakes.pictures import BLUE, GOOD, REFUSED, photo, picture


@pytest.fixture
def started(saved_model, script):
    return script(saved_model(kinds.probabilities))


def assert_refused(reply, status: int, code: str, part: str = "") -> None:
    assert (reply.status, reply.body["error"]["code"]) == (status, code)
    assert set(reply.body) == {"error"}
    assert part in reply.body["error"]["message"]
    everything = json.dumps(reply.body)
    for leak in ("Traceback", "Error", "tensorflow", "node", "/", "0x"):
        assert leak not in everything


@pytest.mark.parametrize("name", REFUSED)
def test_bad_images(name, started):
    body, status, code, part = REFUSED[name]
    assert_refused(started.post(body), status, code, part)
    assert started.post(picture()).status == 200


def test_a_photo_cut_anywhere_is_refused_or_answered(started):
    whole = photo()
    for length in range(0, len(whole), 997):
        assert started.post(whole[:length]).status in (200, 400)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_only_post(method, started):
    reply = started.request(method=method)
    assert_refused(reply, 405, "method_not_allowed")
    assert reply.headers["Allow"] == "POST"


@pytest.mark.parametrize("top", ["0", "-1", "five", "", "1e3", "٣", "9999999", "1;2"])
def test_bad_top(top, started):
    assert_refused(started.post(picture(), query_string={"top": top}), 400, "bad_top")


@pytest.mark.parametrize("chunked", [False, True], ids=["with-length", "chunked"])
@pytest.mark.parametrize("times", [1.001, 1.9, 30], ids=lambda times: f"{times}-of-the-limit")
def test_too_large_bodies(times, chunked, saved_model, script):
    started = script(saved_model(kinds.probabilities), max_body_mb="0.1")
    assert_refused(started.post(b"\xff" * int(1e5 * times), chunked=chunked), 413, "body_too_large", "0.1 MB")


def test_a_client_that_hangs_up_in_mid_body(started):
    whole = picture()
    reply = started.post(whole[:-10], promised_bytes=len(whole))
    assert_refused(reply, 400, "body_cut_short")


def test_a_chunked_image_is_answered(started):
    assert started.post(picture(), chunked=True).status == 200


def test_the_pixel_cap_is_a_setting(saved_model, script):
    started = script(saved_model(kinds.probabilities), max_megapixels="0.01")
    assert_refused(started.post(picture(size=(200, 200))), 422, "too_many_pixels")
    assert started.post(picture(size=(90, 90))).status == 200


@pytest.mark.parametrize("name", ["plain.bmp", "lossy.webp"])
def test_formats_that_this_model_does_not_decode(name, saved_model, script):
    started = script(saved_model(kinds.jpeg_only))
    assert_refused(started.post(GOOD[name]), 415, "unsupported_format", "This model does not decode")


@pytest.mark.parametrize("name", ["plain.bmp", "lossy.webp"])
def test_damage_in_formats_that_this_model_decodes(name, started):
    assert_refused(started.post(GOOD[name][:-9]), 400, "broken_image", "damaged or cut short")


def test_an_animated_webp_never_reaches_a_decoder_that_it_would_kill(saved_model, script):
    """TensorFlow 2.21 dies of it when the number of channels is open."""
    body = picture(kind="WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48), BLUE)])
    started = script(saved_model(kinds.any_channels))
    assert_refused(started.post(body), 415, "unsupported_format", "an animated WebP")
    assert started.post(picture()).body["predictions"][0]["index"] == 1


def test_an_answer_that_is_no_number_is_our_fault(saved_model, script):
    reply = script(saved_model(kinds.not_a_number)).post(picture(BLUE))
    assert_refused(reply, 500, "not_finite")


def test_a_failing_model_is_logged_and_not_told(started, monkeypatch, caplog):
    def broken(images):
        raise RuntimeError("secret /var/azureml-app/key")

    monkeypatch.setattr(started.module._service._model, "predict", broken)
    with caplog.at_level(logging.ERROR, "azmlinfsrv.score"):
        assert_refused(started.post(picture()), 500, "internal_error")
    assert "secret /var/azureml-app/key" in caplog.text


def test_no_memory_left_asks_to_come_back(started, monkeypatch):
    def exhausted(images):
        raise MemoryError

    monkeypatch.setattr(started.module._service._model, "predict", exhausted)
    reply = started.post(picture())
    assert_refused(reply, 503, "out_of_memory")
    assert reply.headers["Retry-After"]


@pytest.mark.parametrize(
    ("kind", "settings", "reason"),
    [
        (kinds.two_inputs, {}, "takes 2 inputs"),
        (kinds.float_pixels, {}, "how they are to be scaled"),
        (kinds.classes_only, {}, "Which output"),
        (kinds.no_signature, {}, "no signature serving_default; it has: none"),
        (kinds.tf1, {"signature": "train"}, "no signature train; it has: predict, serving_default"),
        (kinds.probabilities, {"output": "scores"}, r"no output scores; it has: classes \(int64\), probabilities"),
        (kinds.probabilities, {"expect_gpu": "1"}, "A GPU was asked for .* sees none: .*"),
        (kinds.probabilities, {"top": "many"}, "GPU_ASSISTANT_TOP=many makes no sense; the default is 5"),
        (kinds.probabilities, {"max_body_mb": "-1"}, "GPU_ASSISTANT_MAX_BODY_MB=-1"),
        (kinds.probabilities, {"expect_gpu": "yes?"}, "GPU_ASSISTANT_EXPECT_GPU"),
    ],
)
def test_a_start_that_cannot_work_fails_with_the_reason(kind, settings, reason, saved_model, script):
    with pytest.raises(Exception, match=reason):
        script(saved_model(kind), **settings)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param([], "no saved_model.pb below", id="empty-folder"),
        pytest.param(["model/saved_model.pbtxt"], "text form", id="text-form"),
        pytest.param(["1/saved_model.pb", "2/saved_model.pb"], "2 SavedModels below .* \\(1, 2\\)", id="two-versions"),
        pytest.param(["saved_model.pb"], "cannot load", id="damaged"),
    ],
)
def test_a_folder_without_one_model_fails_with_the_reason(files, reason, saved_model, script, tmp_path):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(Exception, match=reason):
        script(tmp_path)


def test_a_missing_folder_fails_with_the_reason(saved_model, script, tmp_path):
    with pytest.raises(Exception, match="no such folder"):
        script(tmp_path / "gone")


def test_settings_are_printed_once_at_start(saved_model, script, caplog):
    with caplog.at_level(logging.INFO, "azmlinfsrv.score"):
        script(saved_model(kinds.probabilities), top="7")
    assert sum("settings:" in record.message for record in caplog.records) == 1
    assert "top=7" in caplog.text
