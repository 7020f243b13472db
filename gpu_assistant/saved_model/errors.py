"""Why a folder cannot be used as a SavedModel."""

from __future__ import annotations

from gpu_assistant.domain.errors import Action, ModelError, Remedy

_CHOOSE_FOLDER = Remedy(Action.CHOOSE_MODEL, "Choose another folder")
_EXPORT_AGAIN = Remedy(Action.CHOOSE_MODEL, "Export the model again and choose that folder")


class SavedModelNotFound(ModelError):
    """There is no saved_model.pb where one was expected."""

    code = "saved_model_not_found"
    title = "This is not a SavedModel"
    template = "{folder}: {reason}"
    remedies: tuple[Remedy, ...] = (_CHOOSE_FOLDER,)


class SavedModelIsText(ModelError):
    """Legal for TensorFlow, but rare and slow; serving it is not worth a second parser."""

    code = "saved_model_is_text"
    title = "This SavedModel is in text form"
    template = "{folder} holds saved_model.pbtxt. Export the model again in binary form (saved_model.pb)."
    remedies: tuple[Remedy, ...] = (_EXPORT_AGAIN,)


class SavedModelDamaged(ModelError):
    """The bytes of saved_model.pb cannot be a SavedModel."""

    code = "saved_model_damaged"
    title = "saved_model.pb is damaged"
    template = "{file}: {reason}."
    remedies: tuple[Remedy, ...] = (Remedy(Action.CHOOSE_MODEL, "Copy or export the model again"),)


class SavedModelTooLarge(ModelError):
    """Larger than protobuf itself allows, so TensorFlow could not read it either."""

    code = "saved_model_too_large"
    title = "saved_model.pb is too large"
    template = "{file} has {size_mb:.0f} MB; the format ends at {limit_mb:.0f} MB."
    remedies: tuple[Remedy, ...] = (_EXPORT_AGAIN,)


class SavedModelNotServable(ModelError):
    """A training or otherwise tagged export."""

    code = "saved_model_no_serve_tag"
    title = "This SavedModel is not made for serving"
    template = 'No graph in it carries the tag "serve"; it has: {found}.'
    remedies: tuple[Remedy, ...] = (_EXPORT_AGAIN,)


class SavedModelIncomplete(ModelError):
    """The graph wants variables, and their files are not there."""

    code = "saved_model_incomplete"
    title = "This SavedModel is not complete"
    template = "{folder}: {missing} is missing. Copy the whole folder, with its subfolder variables."
    remedies: tuple[Remedy, ...] = (Remedy(Action.CHOOSE_MODEL, "Copy the whole folder again"),)


class WeightsDamaged(ModelError):
    """A file of the variables is there, and not whole."""

    code = "saved_model_weights_damaged"
    title = "The weights of this SavedModel are damaged"
    template = "{file}: {reason}."
    remedies: tuple[Remedy, ...] = (Remedy(Action.CHOOSE_MODEL, "Copy the whole folder again"),)


class SignatureUnusable(ModelError):
    """The model can be loaded, but images cannot be fed to it."""

    code = "signature_unusable"
    title = "This model cannot answer images"
    template = "{reason}."
    remedies: tuple[Remedy, ...] = (_EXPORT_AGAIN,)
