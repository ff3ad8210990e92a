BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE beginnings (
	account TEXT NOT NULL, 
	hedge TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	decision_number BIGINT NOT NULL, 
	CONSTRAINT pk_beginnings PRIMARY KEY (account, hedge), 
	CONSTRAINT fk_beginnings_decisions FOREIGN KEY(account, decision_number) REFERENCES decisions (account, number)
);
INSERT INTO "beginnings" VALUES('main','btc','BTCUSDT',1);
CREATE TABLE cursors (
	account TEXT NOT NULL, 
	cursor BIGINT NOT NULL, 
	CONSTRAINT pk_cursors PRIMARY KEY (account)
);
INSERT INTO "cursors" VALUES('main',2);
CREATE TABLE decisions (
	account TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	rules_digest TEXT NOT NULL, 
	snapshot TEXT NOT NULL, 
	decision TEXT NOT NULL, 
	CONSTRAINT pk_decisions PRIMARY KEY (account, number), 
	CONSTRAINT fk_decisions_rules FOREIGN KEY(rules_digest) REFERENCES rules (digest)
);
INSERT INTO "decisions" VALUES('main',1,1700000060000,'b1de0a0bf341078ee7cb6cb0444331ed7b00dd003803c5bfbe3c38d5b6cf0ef8','{"account":"main","at_ms":1700000060000,"contracts":[{"symbol":"BTCUSDT","base":"BTC","quote":"USDT","settle":"USDT","payoff":"linear","contract_size":"1","contracts_step":"0.001","contracts_min":"0.001","notional_min":"5","price_tick":"0.10","fee_maker":"0.0002","fee_taker":"0.0005","funding_interval_hours":8,"margin_rule":"mark","tiers":[{"value_min":"0","maintenance_rate":"0.004","maintenance_amount":"0","leverage_max":"125"}]}],"holdings":[{"asset":"BTC","coins":"1.10","place":"declared"}],"wallets":[{"asset":"USDT","balance":"5E+4","deposited":"5E+4"}],"positions":[],"quotes":[{"symbol":"BTCUSDT","at_ms":1700000060000,"bid":"60000.00","bid_contracts":"10","ask":"60000.10","ask_contracts":"10","mark":"60000.0","index":"60000"}],"funding":[{"symbol":"BTCUSDT","rate":"0.00010000","next_at_ms":3400000000000}],"working":[],"memory":{"number":0,"hedges":[]},"margin_mode":"cross","leverage":"1","missing":[]}','{"number":1,"at_ms":1700000060000,"commands":[{"hedge":"btc","request":{"client_order_id":"hr-43e2344387-1-h0","symbol":"BTCUSDT","side":"sell","contracts":"1.10","limit_price":"60000.10","time_in_force":"post_only","reduce_only":false},"contracts_asked":"1.10","verdicts":[{"gate":"quote_age","passed":true,"figure":"0","limit":"30","contracts_allowed":"1.10"},{"gate":"order_notional","passed":true,"figure":"66000.1100","limit":"1000000","contracts_allowed":"1.10"},{"gate":"position_notional","passed":true,"figure":"66000.000","limit":"1000000","contracts_allowed":"1.10"},{"gate":"leverage","passed":true,"figure":"1.320868868994980654168790950","limit":"3","contracts_allowed":"1.10"},{"gate":"margin_ratio","passed":true,"figure":"0.005283475475979922616675163801","limit":"0.5","contracts_allowed":"1.10"},{"gate":"liquidation_distance","passed":true,"figure":"0.750077114949293734154291923","limit":"0.1","contracts_allowed":"1.10"},{"gate":"venue_minimum","passed":true,"figure":"1.10","limit":"0.001","contracts_allowed":"1.10"}],"crossing":false,"kind":"place"}],"refused":[],"memory":{"number":1,"hedges":[{"hedge":"btc","gap_since_ms":1700000060000,"reprices":1}]},"explanations":[{"hedge":"btc","symbol":"BTCUSDT","answer":"place","why":"sell 1.10 contracts at the touch.","target":{"ratio":"1","band":{"outer":"0.02","inner":"0"},"reason":"fixed ratio 1","signals":[],"valid_until_ms":9007199254740992},"exposure":{"holdings":"1.10","own":"1.10","equity":"0","net_delta":"1.10","held":"0","in_flight":"0","target":"-1.10","gap":"-1.10","band_outer":"0.0220","band_inner":"0.00","ratio_achieved":"0","net_short":false}}],"quiet":{"until_ms":1700000060000,"boxes":[]}}');
INSERT INTO "decisions" VALUES('main',2,1700000120000,'b1de0a0bf341078ee7cb6cb0444331ed7b00dd003803c5bfbe3c38d5b6cf0ef8','{"account":"main","at_ms":1700000120000,"contracts":[{"symbol":"BTCUSDT","base":"BTC","quote":"USDT","settle":"USDT","payoff":"linear","contract_size":"1","contracts_step":"0.001","contracts_min":"0.001","notional_min":"5","price_tick":"0.10","fee_maker":"0.0002","fee_taker":"0.0005","funding_interval_hours":8,"margin_rule":"mark","tiers":[{"value_min":"0","maintenance_rate":"0.004","maintenance_amount":"0","leverage_max":"125"}]}],"holdings":[{"asset":"BTC","coins":"1.10","place":"declared"}],"wallets":[{"asset":"USDT","balance":"5E+4","deposited":"5E+4"}],"positions":[],"quotes":[{"symbol":"BTCUSDT","at_ms":1700000120000,"bid":"60000.00","bid_contracts":"10","ask":"60000.10","ask_contracts":"10","mark":"60000.0","index":"60000"}],"funding":[{"symbol":"BTCUSDT","rate":"0.00010000","next_at_ms":3400000000000}],"working":[],"memory":{"number":1,"hedges":[]},"margin_mode":"cross","leverage":"1","missing":[]}','{"number":2,"at_ms":1700000120000,"commands":[{"hedge":"btc","request":{"client_order_id":"hr-43e2344387-2-h0","symbol":"BTCUSDT","side":"sell","contracts":"1.10","limit_price":"60000.10","time_in_force":"post_only","reduce_only":false},"contracts_asked":"1.10","verdicts":[{"gate":"quote_age","passed":true,"figure":"0","limit":"30","contracts_allowed":"1.10"},{"gate":"order_notional","passed":true,"figure":"66000.1100","limit":"1000000","contracts_allowed":"1.10"},{"gate":"position_notional","passed":true,"figure":"66000.000","limit":"1000000","contracts_allowed":"1.10"},{"gate":"leverage","passed":true,"figure":"1.320868868994980654168790950","limit":"3","contracts_allowed":"1.10"},{"gate":"margin_ratio","passed":true,"figure":"0.005283475475979922616675163801","limit":"0.5","contracts_allowed":"1.10"},{"gate":"liquidation_distance","passed":true,"figure":"0.750077114949293734154291923","limit":"0.1","contracts_allowed":"1.10"},{"gate":"venue_minimum","passed":true,"figure":"1.10","limit":"0.001","contracts_allowed":"1.10"}],"crossing":false,"kind":"place"}],"refused":[],"memory":{"number":2,"hedges":[{"hedge":"btc","gap_since_ms":1700000120000,"reprices":1}]},"explanations":[{"hedge":"btc","symbol":"BTCUSDT","answer":"place","why":"sell 1.10 contracts at the touch.","target":{"ratio":"1","band":{"outer":"0.02","inner":"0"},"reason":"fixed ratio 1","signals":[],"valid_until_ms":9007199254740992},"exposure":{"holdings":"1.10","own":"1.10","equity":"0","net_delta":"1.10","held":"0","in_flight":"0","target":"-1.10","gap":"-1.10","band_outer":"0.0220","band_inner":"0.00","ratio_achieved":"0","net_short":false}}],"quiet":{"until_ms":1700000120000,"boxes":[]}}');
INSERT INTO "decisions" VALUES('main',3,1700000180000,'b1de0a0bf341078ee7cb6cb0444331ed7b00dd003803c5bfbe3c38d5b6cf0ef8','{"account":"main","at_ms":1700000180000,"contracts":[{"symbol":"BTCUSDT","base":"BTC","quote":"USDT","settle":"USDT","payoff":"linear","contract_size":"1","contracts_step":"0.001","contracts_min":"0.001","notional_min":"5","price_tick":"0.10","fee_maker":"0.0002","fee_taker":"0.0005","funding_interval_hours":8,"margin_rule":"mark","tiers":[{"value_min":"0","maintenance_rate":"0.004","maintenance_amount":"0","leverage_max":"125"}]}],"holdings":[{"asset":"BTC","coins":"1.10","place":"declared"}],"wallets":[{"asset":"USDT","balance":"5E+4","deposited":"5E+4"}],"positions":[],"quotes":[{"symbol":"BTCUSDT","at_ms":1700000180000,"bid":"60000.00","bid_contracts":"10","ask":"60000.10","ask_contracts":"10","mark":"60000.0","index":"60000"}],"funding":[{"symbol":"BTCUSDT","rate":"0.00010000","next_at_ms":3400000000000}],"working":[],"memory":{"number":2,"hedges":[]},"margin_mode":"cross","leverage":"1","missing":[]}','{"number":3,"at_ms":1700000180000,"commands":[{"hedge":"btc","request":{"client_order_id":"hr-43e2344387-3-h0","symbol":"BTCUSDT","side":"sell","contracts":"1.10","limit_price":"60000.10","time_in_force":"post_only","reduce_only":false},"contracts_asked":"1.10","verdicts":[{"gate":"quote_age","passed":true,"figure":"0","limit":"30","contracts_allowed":"1.10"},{"gate":"order_notional","passed":true,"figure":"66000.1100","limit":"1000000","contracts_allowed":"1.10"},{"gate":"position_notional","passed":true,"figure":"66000.000","limit":"1000000","contracts_allowed":"1.10"},{"gate":"leverage","passed":true,"figure":"1.320868868994980654168790950","limit":"3","contracts_allowed":"1.10"},{"gate":"margin_ratio","passed":true,"figure":"0.005283475475979922616675163801","limit":"0.5","contracts_allowed":"1.10"},{"gate":"liquidation_distance","passed":true,"figure":"0.750077114949293734154291923","limit":"0.1","contracts_allowed":"1.10"},{"gate":"venue_minimum","passed":true,"figure":"1.10","limit":"0.001","contracts_allowed":"1.10"}],"crossing":false,"kind":"place"}],"refused":[],"memory":{"number":3,"hedges":[{"hedge":"btc","gap_since_ms":1700000180000,"reprices":1}]},"explanations":[{"hedge":"btc","symbol":"BTCUSDT","answer":"place","why":"sell 1.10 contracts at the touch.","target":{"ratio":"1","band":{"outer":"0.02","inner":"0"},"reason":"fixed ratio 1","signals":[],"valid_until_ms":9007199254740992},"exposure":{"holdings":"1.10","own":"1.10","equity":"0","net_delta":"1.10","held":"0","in_flight":"0","target":"-1.10","gap":"-1.10","band_outer":"0.0220","band_inner":"0.00","ratio_achieved":"0","net_short":false}}],"quiet":{"until_ms":1700000180000,"boxes":[]}}');
INSERT INTO "decisions" VALUES('main',4,1700000240000,'b1de0a0bf341078ee7cb6cb0444331ed7b00dd003803c5bfbe3c38d5b6cf0ef8','{"account":"main","at_ms":1700000240000,"contracts":[{"symbol":"BTCUSDT","base":"BTC","quote":"USDT","settle":"USDT","payoff":"linear","contract_size":"1","contracts_step":"0.001","contracts_min":"0.001","notional_min":"5","price_tick":"0.10","fee_maker":"0.0002","fee_taker":"0.0005","funding_interval_hours":8,"margin_rule":"mark","tiers":[{"value_min":"0","maintenance_rate":"0.004","maintenance_amount":"0","leverage_max":"125"}]}],"holdings":[{"asset":"BTC","coins":"1.10","place":"declared"}],"wallets":[{"asset":"USDT","balance":"5E+4","deposited":"5E+4"}],"positions":[],"quotes":[{"symbol":"BTCUSDT","at_ms":1700000240000,"bid":"60000.00","bid_contracts":"10","ask":"60000.10","ask_contracts":"10","mark":"60000.0","index":"60000"}],"funding":[{"symbol":"BTCUSDT","rate":"0.00010000","next_at_ms":3400000000000}],"working":[],"memory":{"number":3,"hedges":[]},"margin_mode":"cross","leverage":"1","missing":[]}','{"number":4,"at_ms":1700000240000,"commands":[],"refused":[],"memory":{"number":4,"hedges":[{"hedge":"btc","gap_since_ms":1700000240000,"reprices":1}]},"explanations":[{"hedge":"btc","symbol":"BTCUSDT","answer":"place","why":"sell 1.10 contracts at the touch.","target":{"ratio":"1","band":{"outer":"0.02","inner":"0"},"reason":"fixed ratio 1","signals":[],"valid_until_ms":9007199254740992},"exposure":{"holdings":"1.10","own":"1.10","equity":"0","net_delta":"1.10","held":"0","in_flight":"0","target":"-1.10","gap":"-1.10","band_outer":"0.0220","band_inner":"0.00","ratio_achieved":"0","net_short":false}}],"quiet":{"until_ms":1700000240000,"boxes":[]}}');
CREATE TABLE fills (
	id INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	fill_id TEXT NOT NULL, 
	client_order_id TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side TEXT NOT NULL, 
	contracts TEXT NOT NULL, 
	price TEXT NOT NULL, 
	fee TEXT NOT NULL, 
	realised_pnl TEXT NOT NULL, 
	maker BOOLEAN NOT NULL, 
	at_ms BIGINT NOT NULL, 
	CONSTRAINT pk_fills PRIMARY KEY (id), 
	CONSTRAINT uq_fills UNIQUE (account, symbol, fill_id)
);
INSERT INTO "fills" VALUES(1,'main','1','hr-43e2344387-1-h0','BTCUSDT','sell','0.10','60000.10','-0','1E+1',1,1700000000000);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('mode','demo');
CREATE TABLE order_events (
	id INTEGER NOT NULL, 
	client_order_id TEXT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	filled TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_order_events PRIMARY KEY (id), 
	CONSTRAINT fk_order_events_orders FOREIGN KEY(client_order_id) REFERENCES orders (client_order_id)
);
INSERT INTO "order_events" VALUES(1,'hr-43e2344387-1-h0',1700000060000,'planned','0','decision 1');
INSERT INTO "order_events" VALUES(2,'hr-43e2344387-1-h0',1700000060001,'sent','0','about to leave');
INSERT INTO "order_events" VALUES(3,'hr-43e2344387-1-h0',1700000060002,'cancelled','0.10','the rest did not fill at once');
INSERT INTO "order_events" VALUES(4,'hr-43e2344387-2-h0',1700000120000,'planned','0','decision 2');
INSERT INTO "order_events" VALUES(5,'hr-43e2344387-2-h0',1700000120001,'sent','0','about to leave');
INSERT INTO "order_events" VALUES(6,'hr-43e2344387-2-h0',1700000120002,'rejected','0','post-only order would take');
INSERT INTO "order_events" VALUES(7,'hr-43e2344387-3-h0',1700000180000,'planned','0','decision 3');
INSERT INTO "order_events" VALUES(8,'hr-43e2344387-3-h0',1700000180001,'sent','0','about to leave');
INSERT INTO "order_events" VALUES(9,'hr-43e2344387-3-h0',1700000180002,'open','0','');
CREATE TABLE orders (
	client_order_id TEXT NOT NULL, 
	account TEXT NOT NULL, 
	decision_number BIGINT NOT NULL, 
	hedge TEXT NOT NULL, 
	symbol TEXT NOT NULL, 
	side TEXT NOT NULL, 
	contracts TEXT NOT NULL, 
	limit_price TEXT, 
	time_in_force TEXT NOT NULL, 
	reduce_only BOOLEAN NOT NULL, 
	state TEXT NOT NULL, 
	filled TEXT NOT NULL, 
	sent_at_ms BIGINT, 
	updated_at_ms BIGINT NOT NULL, 
	CONSTRAINT pk_orders PRIMARY KEY (client_order_id), 
	CONSTRAINT fk_orders_decisions FOREIGN KEY(account, decision_number) REFERENCES decisions (account, number)
);
INSERT INTO "orders" VALUES('hr-43e2344387-1-h0','main',1,'btc','BTCUSDT','sell','1.10','60000.10','post_only',0,'cancelled','0.10',1700000060001,1700000060002);
INSERT INTO "orders" VALUES('hr-43e2344387-2-h0','main',2,'btc','BTCUSDT','sell','1.10','60000.10','post_only',0,'rejected','0',1700000120001,1700000120002);
INSERT INTO "orders" VALUES('hr-43e2344387-3-h0','main',3,'btc','BTCUSDT','sell','1.10','60000.10','post_only',0,'open','0',1700000180001,1700000180002);
CREATE TABLE payments (
	id INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	payment_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	symbol TEXT, 
	asset TEXT NOT NULL, 
	amount TEXT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	CONSTRAINT pk_payments PRIMARY KEY (id), 
	CONSTRAINT uq_payments UNIQUE (account, kind, payment_id)
);
INSERT INTO "payments" VALUES(1,'main','1','funding','BTCUSDT','USDT','1.10',1700000000000);
CREATE TABLE rules (
	digest TEXT NOT NULL, 
	json TEXT NOT NULL, 
	CONSTRAINT pk_rules PRIMARY KEY (digest)
);
INSERT INTO "rules" VALUES('b1de0a0bf341078ee7cb6cb0444331ed7b00dd003803c5bfbe3c38d5b6cf0ef8','{"ratio": "1.10"}');
CREATE INDEX ix_orders ON orders (account, state);
CREATE INDEX ix_order_events ON order_events (client_order_id);
COMMIT;
