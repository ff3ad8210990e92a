# Needs python3 (3.11 or newer), pip, make and git. Everything else goes into .tools and .venv.
UV := $(or $(shell command -v uv),.tools/bin/uv)
INSTALL = $(UV) venv --quiet --allow-existing && $(UV) pip install --quiet --constraint requirements.lock --editable .
PEERS ?= ../shared/bench/peers
DATA ?= ../shared/data
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
unexport PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

.PHONY: help demo test check format lock bench shortfall overhead guard-years policies openapi dashboards
help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'
demo: .venv/demo.done ## hedge a model market through a crash and a squeeze
	.venv/bin/hedgerow demo $(ARGS)
test: .venv/test.done ## pass all tests
	.venv/bin/pytest $(ARGS)
check: .venv/test.done ## lint, format, types, import rules, house rules
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest -q tests/test_tidy.py
format: .venv/test.done ## let the formatter write
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
bench: .venv/test.done .venv-peers/done ## one year of minutes beside the peers (PEERS=folder), as ratios
	.venv/bin/python -m tests.benchmark --peers $(PEERS) --peers-python .venv-peers/bin/python
shortfall: .venv/test.done ## the pricing ladder against crossing at once, on a recorded book (DATA=folder)
	.venv/bin/python -m tests.shortfall --data $(DATA) $(ARGS)
overhead: .venv/test.done ## orders by the adapter beside the bare library, and what rest costs in weight
	.venv/bin/python -m tests.overhead $(ARGS)
guard-years: .venv/test.done ## the guard over six years of hourly prices, with and without (DATA=folder)
	.venv/bin/hedgerow compare-guard -c tests/backtest/guard_years.toml --data linear=$(DATA)/linear_BTCUSDT_1h.parquet --data inverse=$(DATA)/inverse_BTC_deribit_1h.parquet $(ARGS)
policies: .venv/test.done ## policies over six years of hourly prices, in one table (DATA=folder)
	.venv/bin/hedgerow compare-policies -c tests/backtest/policies.toml --data BTC/USDT:USDT=$(DATA)/linear_BTCUSDT_1h.parquet --data BTC/USD:BTC=$(DATA)/inverse_BTC_deribit_1h.parquet --data ADA/USDT=$(DATA)/linear_ADAUSDT_8h.parquet $(ARGS)
openapi: .venv/test.done ## write the description of the page's JSON again
	.venv/bin/python -m bot.web.openapi > bot/web/static/openapi.json
dashboards: .venv/test.done ## write Grafana's dashboards again
	.venv/bin/python deploy/grafana/generate.py deploy/grafana/dashboards
lock: | $(UV) ## resolve the dependencies again, with hashes and without addresses
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' pyproject.toml --all-extras --group dev -o requirements.lock

.venv/demo.done: requirements.lock pyproject.toml | $(UV)
	$(INSTALL) && touch $@
.venv/test.done: requirements.lock pyproject.toml | $(UV)
	$(INSTALL) --group dev && touch $@
.venv-peers/done: | $(UV)
	$(UV) venv --quiet --allow-existing .venv-peers && VIRTUAL_ENV=.venv-peers $(UV) pip install --quiet backtesting==0.6.6 && touch $@
.tools/bin/uv:
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target .tools 'uv==0.13.8'
