"""Hedgerow keeps the dollar value of a spot crypto bag with an exactly sized short futures position.

The map of the house, one line a module; a test keeps it true. You come in by ``wiring`` and go to ``core``.

bot.__main__                 ``python -m bot``
bot.cli                      the command line: all verbs together, errors
bot.cli_run                  verbs that run: demo, run, backtest
bot.cli_ask                  verbs that ask a journal
bot.cli_settings             verbs about settings
bot.cli_options              what the verbs share
bot.show                     hedges, the live picture, figures for people
bot.show_tables              tables and words about journals, settings, backtests
bot.sessions                 what the verbs do: demo, run, backtest, replay, explain
bot.questions                what the verbs ask of a journal
bot.wiring                   the front door: where concrete classes meet
bot.settings                 all that can be set, checked, made into frozen rules
bot.settings_kinds           names, sizes, shares, stages: the kinds of values
bot.settings_tables          accounts, hedges and the rest, table by table
bot.settings_trading         pricing, rolls, guard and books, table by table
bot.settings_sources         reads flags, environment, .env and files
bot.settings_layers          values laid over each other, each with its origin; faults
bot.settings_words           faults as sentences, settings explained

bot.core.values              records, units, rounding to steps, money
bot.core.instruments         contracts: sizes, profit, margin tiers, liquidation
bot.core.formulas            arithmetic of futures, for Decimals and arrays
bot.core.positions           how fills make a position, exact to the last digit
bot.core.snapshot            one picture of one margin account
bot.core.reports             what a venue says happened: fills, payments, order states
bot.core.rules               what the owner allows and wants
bot.core.policy              stages that wish for a hedge ratio
bot.core.exposure            net delta, achieved ratio, gap, the trade that closes it
bot.core.quiet               how long an answer stays good: time, prices, income
bot.core.pricing             the ladder: passive, chase, cross, never beyond a cap
bot.core.urgency             what cannot wait at the touch
bot.core.selection           which contract carries the hedge, which is left
bot.core.rolls               roll stages as a table, triggers
bot.core.desk                one hedge's papers, and the answers there are
bot.core.rolling             a hedge in two contracts: clips, legs in step
bot.core.risk                the guard; the only maker of Approved and Refused
bot.core.books               our books against the venue's word
bot.core.orders              order states, legal moves, client order ids
bot.core.decide              decide(snapshot, rules) -> Decision

bot.sim.account              wallets, positions and the ledger of a trader
bot.sim.matching             who fills, how much, at what price
bot.sim.told                 what an account's owner is told: fills and payments
bot.sim.settlement           the mean of the index at the end of a dated contract
bot.sim.checks               why an order is not taken
bot.sim.exchange             the model exchange

bot.shell.ports              what the house asks of the outside; errors by remedy
bot.shell.patience           asking again by the clock; the only file that knows tenacity
bot.shell.lookup             one order brought up to the venue's word, its fills first
bot.shell.listing            contracts of the hedges, and whether their terms still hold
bot.shell.letters            what a picture lacks, in words
bot.shell.observe            lay one tray: a snapshot with every missing letter named
bot.shell.execute            hand the slips out, each written down before it leaves
bot.shell.reconcile          make our book agree with the venue's records
bot.shell.loop               observe, decide, journal, execute, wait
bot.shell.replay             ask again and agree
bot.shell.view               what a person or a machine is shown of a hedge

bot.adapters.clock           the system's time, or time turned by hand
bot.adapters.holdings        coins the owner declares
bot.adapters.journal         the journal of one account, written before anything is sent
bot.adapters.journal_books   what the books expect: positions, incidents, rejections, terms
bot.adapters.journal_entries orders, moves, fills and payments written down
bot.adapters.journal_file    looking at a journal's file without leaving a trace
bot.adapters.journal_intents what came of each intent
bot.adapters.journal_lock    the right to write a journal, and the engine that does
bot.adapters.journal_reader  the journal for readers
bot.adapters.log             lines of events, with account, hedge and decision
bot.adapters.model_market    a seeded market: calm, crash, squeeze, recovery
bot.adapters.records         snapshots and decisions as JSON, exactly
bot.adapters.sim_venue       the model exchange behind a venue's door
bot.adapters.tables          the journal's tables, columns and migrations

bot.backtest.history         candles, checked
bot.backtest.runner          replay of bars through the same loop
bot.backtest.tally           a journal in memory
bot.backtest.dated_history   candles of dated contracts, checked
bot.backtest.dated_runner    replay of rolls through the same loop
bot.backtest.dated_notes     what a replay of rolls writes down
bot.backtest.dated_report    what the rolls came to
bot.backtest.report          what a replay came to
"""
