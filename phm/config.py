"""Settings of a site: `phm.toml` in the working folder, overridden by `PHM_*` environment variables.

What belongs here: where things lie and how much of the machine to use. Clinical choices are settings of the
definitions, not of the site's installation.
"""

import os
import tomllib
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from phm.errors import ConfigurationError

CONFIG_FILE = "phm.toml"


class Settings(BaseSettings):
    """One site's settings; every field can be set as `PHM_<FIELD>` or in `phm.toml`."""

    model_config = SettingsConfigDict(env_prefix="PHM_", toml_file=CONFIG_FILE, extra="forbid", frozen=True)

    home: Path = Field(Path("phm_home"), description="Folder of tables, vault, lists and reports.")
    feeds: Path = Field(Path("feeds"), description="Folder of deliveries: <feeds>/<YYYY-MM>/<ICB code>/.")
    vault: Path | None = Field(None, description="Folder of identifiers; <home>/vault unless given.")
    key_file: Path | None = Field(None, description="File holding the site key; <vault>/site.key unless given.")
    site_key: str | None = Field(None, description="The site key itself, for sites that inject secrets.", repr=False)
    code_lists: Path | None = Field(None, description="Folder of <concept>.csv code lists replacing the shipped ones.")
    definitions: Path | None = Field(None, description="Folder of your own <id>.yaml definitions of cohorts.")
    measures: Path | None = Field(None, description="Folder of your own <id>.yaml definitions of measures.")
    asset_needs: Path | None = Field(
        None, description="Your own CSV of which needs which community assets answer, instead of the shipped one."
    )
    cohorts: tuple[str, ...] | None = Field(
        None, description="Cohorts that are evaluated, all unless given: leave out what there is no legal basis for."
    )
    workbooks: tuple[str, ...] = Field(
        ("possible_undiagnosed_hypertension",),
        description="Cohorts whose lists every run writes; `phm lists pull` writes those of any, when they are wanted.",
    )
    core20_floor_percent: int = Field(
        100,
        ge=0,
        le=200,
        description="Least share of Core20 in shared appointments, in percent of their share waiting.",
    )
    undiagnosed_model: str | None = Field(
        None, description="Version of the model of unmeasured hypertension to use; none switches it off."
    )
    threads: int = Field(os.cpu_count() or 1, ge=1, description="Threads the engine may use.")
    memory_limit: str = Field("3000MB", pattern=r"^[0-9]+(MB|GB)$", description="Memory the engine may use.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        **_: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def vault_dir(self) -> Path:
        return self.vault or self.home / "vault"

    @property
    def key_path(self) -> Path:
        return self.key_file or self.vault_dir / "site.key"


def load_settings(**overrides: object) -> Settings:
    """Settings of this process, `overrides` (of the command line) first.

    Raises
    ------
    ConfigurationError
        A setting is unknown or has a value it cannot have; the message names the setting, not the value.
    """
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{CONFIG_FILE} is not valid TOML: {error}", name=CONFIG_FILE, hint="Correct the line it names."
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"A setting cannot be used: {first['msg'].lower()}",
            name=setting,
            hint=f"Correct it in {CONFIG_FILE} or in the environment (PHM_{setting.upper()}).",
        ) from None
