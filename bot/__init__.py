"""Hedgerow keeps the dollar value of a spot crypto bag with an exactly sized short futures position.

The map of the house, one line a module; a test keeps it true. You come in by ``wiring`` and go to ``core``.

bot.__main__                 ``python -m bot``
bot.cli                      the command line: all verbs together, errors
bot.cli_run                  verbs that run: demo, run, backtest, comparisons
bot.cli_alerts               the verb that tries the channels of alerts
bot.cli_ask                  verbs that ask a journal
bot.cli_backup               verbs that save a journal and bring it back
bot.cli_guard                freeze, resume, unwind, guard
bot.cli_rehearse             the verb that rehearses
bot.cli_street               the verb that opens a test exchange
bot.cli_venues               verbs about venues: what is possible, what is listed, preflight, plan
bot.cli_settings             verbs about settings
bot.cli_strategies           verbs about stages: list them, try one, begin one
bot.cli_options              what the verbs share
bot.show                     hedges, the live picture, figures for people
bot.show_tables              tables and words about journals, settings, backtests
bot.show_exposures           what is exposed to what, in a terminal
bot.show_journal             hedges from flat to flat, in a terminal
bot.show_guard               how the guard looks in a terminal
bot.show_guard_report        replays with and without the guard, side by side
bot.show_policies            policies in one table, and what its columns mean
bot.show_rehearsal           a rehearsal in a terminal, and its words
bot.show_strategies          stages and their trials in a terminal
bot.show_venues              venues, contracts, preflights and plans in a terminal
bot.show_alerts              what channels answered, in a terminal
bot.rehearsal_page           a rehearsal's page with plots, in one file
bot.sessions                 what the verbs do: demo, run, backtest, replay, explain
bot.questions                what the verbs ask of a journal
bot.questions_backup         a journal saved into one file, and the way back
bot.questions_guard          what the guard's verbs ask of a journal, and the words they write
bot.questions_journal        why each hedge was there, and what came of it
bot.questions_remote         what a person may ask and say from afar
bot.questions_strategies     what the verbs ask about stages
bot.questions_venues         what the verbs ask of venues
bot.wiring                   the front door: where concrete classes meet
bot.wiring_backtests         the front door of replays
bot.wiring_alerts            the front door of alerts: channels, who watches, commands from afar
bot.wiring_bags              the front door of coins: what each account hedges of what is declared
bot.wiring_policies          the front door of comparisons of policies
bot.wiring_leading           the front door of leadership: who trades these accounts, and who stands by
bot.wiring_paper             the front door of paper accounts at real venues' prices
bot.wiring_rehearsal         the front door of rehearsals: today's accounts
bot.wiring_street            the front door of the test exchange
bot.wiring_demo              the front door of the demo: test exchanges on loopback
bot.wiring_watch             the front door of the window: metrics, page, history of profit
bot.wiring_venues            the front door of real venues
bot.looks                    hedges as their journal last saw them; an open account
bot.doctor                   the preflight: is everything at the venue as a hedge needs it
bot.patient                  an account under examination, and what is found about it
bot.patient_modes            how an account is set, looked at, and put right if that was asked for
bot.settings                 all that can be set, checked, made into frozen rules
bot.settings_kinds           names, sizes, shares, stages: the kinds of values
bot.settings_modes           what each mode asks of an account
bot.settings_tables          accounts, hedges and the rest, table by table
bot.settings_exits           when a hedge is left, as a table
bot.settings_bags            coins that several hedges share, as a table
bot.settings_alerts          channels, and what is told by them, table by table
bot.settings_bands           how far a hedge may be off, as a table
bot.settings_web             the page, as a table
bot.settings_journal         where the journal lies, who leads, what happens while it is away, as a table
bot.settings_trading         pricing, rolls and books, table by table
bot.settings_risk            the guard: limits on orders and the margin ladder, table by table
bot.settings_sources         reads flags, environment, .env and files
bot.settings_layers          values laid over each other, each with its origin; faults
bot.settings_words           faults as sentences, settings explained

bot.core.values              records, units, rounding to steps, money
bot.core.instruments         contracts: sizes, profit, margin tiers, liquidation
bot.core.formulas            arithmetic of futures, for Decimals and arrays
bot.core.positions           how fills make a position, exact to the last digit
bot.core.memory              what an account and its hedges remember
bot.core.snapshot            one picture of one margin account
bot.core.reports             what a venue says happened: fills, payments, order states
bot.core.rules               what the owner allows and wants
bot.core.policy              stages that wish for a hedge ratio
bot.core.exposure            net delta, achieved ratio, gap, the trade that closes it
bot.core.quiet               how long an answer stays good: time, prices, income
bot.core.pricing             the ladder: passive, chase, cross, never beyond a cap
bot.core.urgency             what cannot wait at the touch
bot.core.carry               perpetual or dated: what a short earns in each
bot.core.selection           which contract carries the hedge, which is left
bot.core.rolls               roll stages as a table, triggers
bot.core.desk                one hedge's papers, and the answers there are
bot.core.leftovers           orders in a contract that a hedge no longer goes by
bot.core.rolling             a hedge in two contracts: clips, legs in step
bot.core.gates               the gates an order passes: figure, limit, remedy
bot.core.risk                the stamp: the only maker of Approved and Refused
bot.core.lookback           closed bars and settled funding: what policies look back on
bot.core.margin              what backs positions, what they must keep, how far liquidation is
bot.core.forecast            an account's margin now and after an order; the venue's word
bot.core.ladder              rungs: how an account stands, at which prices each is reached
bot.core.causes              why less may happen, in sentences
bot.core.relief              top-ups and reductions that restore the distance
bot.core.guard               the guard: states, stays, what it does itself
bot.core.guarding            what the guard does to one hedge
bot.core.books               our books against the venue's word
bot.core.orders              order states, legal moves, client order ids
bot.core.exits               when a hedge has done its work
bot.core.bands               when a gap is worth a trade
bot.core.splitting          one bag over several hedges, with caps
bot.core.inventory           what is exposed, coin by coin, and what hedges it
bot.core.decide              decide(snapshot, rules) -> Decision

bot.sim.account              wallets, positions, collateral and the ledger of a trader
bot.sim.matching             who fills, how much, at what price
bot.sim.told                 what an account's owner is told: fills, payments, wallets, positions
bot.sim.counter              accounts, the money owners bring and move, what they are told
bot.sim.order_book           orders of all accounts, by name and at rest
bot.sim.liquidation          when margin is gone, at what price, what is lost
bot.sim.restoring            booking once more what an owner was told
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
bot.shell.transfer           margin moved between wallets, once
bot.shell.reconcile          make our book agree with the venue's records
bot.shell.loop               observe, decide, journal, execute, wait
bot.shell.notice            something worth telling a person
bot.shell.notices            what is worth telling a person, from one step to the next
bot.shell.replay             ask again and agree
bot.shell.step              one turn of the loop, as others are told of it
bot.shell.effectiveness     what hedging took away of the variance
bot.shell.window            what each account last showed, for whoever looks in
bot.shell.view               what a person or a machine is shown of a hedge

bot.adapters.budget          how much of a venue's patience is spent, with a part kept for what cannot wait
bot.adapters.alerts          queues and workers of channels, off the trading path
bot.adapters.dead_man        a ping as long as every loop lives
bot.adapters.ccxt_venue      the only file that knows ccxt: raw questions, orders, what failures prove
bot.adapters.clock           the system's time, or time turned by hand
bot.adapters.holdings        coins the owner declares
bot.adapters.journal         the journal of one account, written before anything is sent
bot.adapters.journal_away    a journal whose database may go away: the spool, the lease, and what is safe
bot.adapters.journal_books   what the books expect: positions, incidents, rejections, terms
bot.adapters.journal_episodes hedges from flat to flat
bot.adapters.journal_copy    a journal as one file: backups
bot.adapters.journal_entries orders, moves, fills and payments written down
bot.adapters.journal_file    looking at a journal's file without leaving a trace
bot.adapters.journal_guard   transfers, causes and persons' words in the journal
bot.adapters.journal_controls a person's word, written from another process than the writer's
bot.adapters.journal_intents what came of each intent
bot.adapters.journal_lock    the right to write a journal, and the engine that does
bot.adapters.journal_mirror  what a writer has to remember of its journal, in memory
bot.adapters.journal_place   where a journal lies, whatever kind of database it is; who writes it
bot.adapters.journal_postgres a journal in PostgreSQL, and the right to write it
bot.adapters.journal_reader  the journal for readers
bot.adapters.journal_restore an empty journal filled from a backup, all of it or nothing
bot.adapters.journal_spool   a file of writes that the database has not got
bot.adapters.journal_spooling an account's journal as its loop sees it, database there or away
bot.adapters.journal_sqlite  a journal in a file, as a place among others
bot.adapters.journal_url     from a journal's address to its place
bot.adapters.journal_writer  the writer of an account: its transactions and its turn
bot.adapters.last_end        why the run before this one ended by itself
bot.adapters.log             lines of events, with account, hedge and decision
bot.adapters.metered         meters between the loop and what it asks
bot.adapters.metrics         every metric there is, named in one table
bot.adapters.metrics_gauges  gauges read off the window
bot.adapters.model_market    a seeded market: calm, crash, squeeze, recovery
bot.adapters.model_past      what one in the model town may look back on: candles, bars, settled funding
bot.adapters.paper_venue     a model account at a real venue's prices
bot.adapters.postgres_wire   the only file that knows psycopg: no wait without an end
bot.adapters.records         snapshots and decisions as JSON, exactly
bot.adapters.remote_venue    a real venue behind the same door as the model exchange
bot.adapters.sim_venue       the model exchange behind a venue's door
bot.adapters.supervisor      what a supervisor such as systemd is told
bot.adapters.switch          the kill switch: a file that is there
bot.adapters.tables          the journal's tables, columns and migrations
bot.adapters.venue_lookback  closed bars and settled funding that a venue tells
bot.adapters.venue_session   the way out: HTTP that sends nothing twice and nothing to another mode's host

bot.adapters.channels.discord      Discord, by a webhook
bot.adapters.channels.mail         e-mail by SMTP, in a thread of its own
bot.adapters.channels.manner       what every channel answers to: messages, failures without secrets
bot.adapters.channels.sending      HTTP whose failures tell neither address nor token
bot.adapters.channels.slack        Slack, by an incoming webhook
bot.adapters.channels.telegram     Telegram's Bot API, and messages to one chat
bot.adapters.channels.telegram_commands commands from persons on a list, by Telegram
bot.adapters.channels.webhook      a webhook of one's own: JSON, signed

bot.adapters.venues.answers        reading venues' answers, never a guess
bot.adapters.venues.asking         asking a venue: failures by remedy, and what is read seldom
bot.adapters.venues.binance        Binance Futures: both products, spoken alike
bot.adapters.venues.binance_market Binance: prices, tiers, fees
bot.adapters.venues.bingx          BingX: two wallets of one account
bot.adapters.venues.bingx_market   BingX: prices, tiers, fees
bot.adapters.venues.bingx_words    BingX: its codes, and how its rows are read
bot.adapters.venues.bybit          Bybit: one unified account
bot.adapters.venues.bybit_market   Bybit: prices, tiers, fees
bot.adapters.venues.bybit_words    Bybit: its codes, and how its rows are read
bot.adapters.venues.contracts      from the library's description of a market to our contract
bot.adapters.venues.history        rows of the past as the library gives them, read strictly
bot.adapters.venues.manner         what every venue's file answers to
bot.adapters.venues.manners        the manners there are, by venue
bot.adapters.venues.mexc           MEXC: sized in contracts, spot and futures apart
bot.adapters.venues.mexc_market    MEXC: prices and tiers
bot.adapters.venues.orders         what the manners share about orders
bot.adapters.venues.outcomes       what a failed request proves; by default nothing
bot.adapters.venues.records        fills and payments since a cursor, each told once
bot.adapters.venues.spot           a spot market's best prices as a quote
bot.adapters.venues.table          what is possible where, as data
bot.adapters.venues.weex           WEEX: only the short side of two
bot.adapters.venues.weex_market    WEEX: prices and fees

bot.web.access               who may look: token, sessions, a pause for who guesses
bot.web.answers              what the page and machines are told
bot.web.openapi              the description of the JSON, made of its records
bot.web.door                 how many connections may stand in the door, and for how long without a word
bot.web.server               HTTP in front of the window

bot.testexchange.board       what a venue shows to everybody: prices, book, candles, funding
bot.testexchange.dialects    the dialects there are, by venue
bot.testexchange.faults      what goes wrong on the way, on purpose and by a seed
bot.testexchange.keyring     whose account a key opens, and what it may do there
bot.testexchange.listings    contracts in the sizes and steps that venues use
bot.testexchange.meter       how much a customer may ask: a warning, then a ban
bot.testexchange.moods       states in which a venue answers what is not so
bot.testexchange.office      what all venues keep, in no venue's words
bot.testexchange.records     numbers, times and histories of customers
bot.testexchange.router      from a request to the desk that answers it
bot.testexchange.server      HTTP on loopback in front of a dialect
bot.testexchange.wire        requests, responses, and why a venue says no
bot.testexchange.accounts    a venue's customers: contracts, positions, modes, money
bot.testexchange.binance     Binance's dialect, both products: signatures, orders, fills
bot.testexchange.binance_account Binance's dialect: the account, its settings, its money
bot.testexchange.binance_board Binance's dialect: what everybody sees
bot.testexchange.binance_codes Binance's codes for saying no
bot.testexchange.binance_reading Binance's dialect: how what is asked is read
bot.testexchange.binance_spot Binance's spot host: wallets, transfers, what a key may do
bot.testexchange.binance_words Binance's words for contracts, orders, positions and money
bot.testexchange.bingx       BingX's dialect: signatures, routes, answers
bot.testexchange.bingx_account BingX's dialect: the account and its money
bot.testexchange.bingx_codes BingX's codes for saying no
bot.testexchange.bingx_inverse BingX's words for the inverse product
bot.testexchange.bingx_market BingX's dialect: what everybody sees
bot.testexchange.bingx_orders BingX's dialect: orders and fills
bot.testexchange.bingx_words BingX's words for the linear product and for spot
bot.testexchange.bybit       Bybit's dialect: signatures, orders, executions
bot.testexchange.bybit_account Bybit's dialect: the account, its settings, its money
bot.testexchange.bybit_board Bybit's dialect: what everybody sees
bot.testexchange.bybit_codes Bybit's codes for saying no
bot.testexchange.bybit_money Bybit's words for executions, funding and the log
bot.testexchange.bybit_reading Bybit's dialect: how what is asked is read
bot.testexchange.bybit_words Bybit's words for contracts, orders and positions
bot.testexchange.mexc        MEXC's dialect: signatures, routes, answers
bot.testexchange.mexc_account MEXC's dialect: the futures account and its money
bot.testexchange.mexc_board  MEXC's dialect: what everybody sees of contracts
bot.testexchange.mexc_codes  MEXC's codes for saying no
bot.testexchange.mexc_orders MEXC's dialect: orders and deals
bot.testexchange.mexc_reading MEXC's dialect: how what is asked is read
bot.testexchange.mexc_spot   MEXC's dialect: spot prices, the wallet, transfers
bot.testexchange.mexc_words  MEXC's words
bot.testexchange.reading     numbers and texts read off a wire
bot.testexchange.weex        WEEX's dialect: signatures, routes, answers
bot.testexchange.weex_account WEEX's dialect: the account and its money
bot.testexchange.weex_codes  WEEX's codes for saying no
bot.testexchange.weex_market WEEX's dialect: what everybody sees
bot.testexchange.weex_orders WEEX's dialect: orders and fills
bot.testexchange.weex_words  WEEX's words

bot.backtest.history         candles, checked
bot.backtest.runner          replay of bars through the same loop
bot.backtest.tally           a journal in memory
bot.backtest.volatility      daily volatility as one in the middle of a history would have measured it
bot.backtest.guard_notes     what the guard did in a replay
bot.backtest.guard_report    a hedge with and without the guard, side by side
bot.backtest.lookback       what one in the middle of a history may look back on
bot.backtest.joining         two histories on one grid, for cross-hedges
bot.backtest.rehearsal       today's account led through a shock, with and without guard
bot.backtest.rehearsal_world the account rebuilt, the prices it is shown
bot.backtest.rehearsal_notes what a rehearsal writes down
bot.backtest.rehearsal_words what changed and what was done, in words
bot.backtest.dated_history   candles of dated contracts, checked
bot.backtest.dated_runner    replay of rolls through the same loop
bot.backtest.dated_notes     what a replay of rolls writes down
bot.backtest.dated_report    what the rolls came to
bot.backtest.trial           a stage on trial: does it keep what a policy promises
bot.backtest.report          what a replay came to
bot.backtest.policy_report   what a policy came to: protection, cost, trouble
bot.backtest.policy_span     from when to when policies are compared
bot.backtest.side_by_side    work done in processes, results in order
"""
