CREATE TABLE `answers` (
	`key` text PRIMARY KEY NOT NULL,
	`request_hash` text NOT NULL,
	`status` integer NOT NULL,
	`body` text NOT NULL,
	`at` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `answers_at` ON `answers` (`at`);--> statement-breakpoint
CREATE TABLE `maintenance_attempts` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`stack_id` text NOT NULL,
	`event_id` text NOT NULL,
	`number` integer NOT NULL,
	`operation` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`epoch` integer NOT NULL,
	`retries` integer NOT NULL,
	`onto` text NOT NULL,
	`onto_sha` text,
	`tag` text,
	`movement` text NOT NULL,
	`related_attempt_id` text,
	`lands_attempt_id` text,
	`resume` text,
	`cancel_requested` integer DEFAULT false NOT NULL,
	`nonce` text,
	`runner` text,
	`candidates` text NOT NULL,
	`created_at` text NOT NULL,
	`updated_at` text NOT NULL,
	`started_at` text,
	`ended_at` text,
	`not_before` text,
	`deadline_at` text,
	`lease_until` text,
	`blocked_since` text,
	`next_action_at` text,
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`event_id`) REFERENCES `flow_events`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `maintenance_attempts_id_unique` ON `maintenance_attempts` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `attempts_number` ON `maintenance_attempts` (`stack_id`,`number`);--> statement-breakpoint
CREATE INDEX `attempts_stack` ON `maintenance_attempts` (`stack_id`,`position`);--> statement-breakpoint
CREATE INDEX `attempts_event` ON `maintenance_attempts` (`event_id`,`position`);--> statement-breakpoint
CREATE INDEX `attempts_status` ON `maintenance_attempts` (`status`,`position`);--> statement-breakpoint
CREATE INDEX `attempts_stack_status` ON `maintenance_attempts` (`stack_id`,`status`,`position`);--> statement-breakpoint
CREATE INDEX `attempts_event_stack` ON `maintenance_attempts` (`event_id`,`stack_id`,`position`);--> statement-breakpoint
CREATE INDEX `attempts_movement` ON `maintenance_attempts` (`stack_id`,`movement`,`position`);--> statement-breakpoint
CREATE UNIQUE INDEX `attempts_nonce` ON `maintenance_attempts` (`nonce`) WHERE nonce IS NOT NULL;--> statement-breakpoint
CREATE INDEX `attempts_open` ON `maintenance_attempts` (`stack_id`) WHERE status IN ('queued','dispatched','running','blocked','needs_intervention');--> statement-breakpoint
CREATE TABLE `candidates` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`stack_id` text NOT NULL,
	`attempt_id` text NOT NULL,
	`event_id` text NOT NULL,
	`kind` text NOT NULL,
	`ref` text NOT NULL,
	`oid` text NOT NULL,
	`tag` text,
	`created_at` text NOT NULL,
	`landed_at` text,
	FOREIGN KEY (`attempt_id`) REFERENCES `maintenance_attempts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `candidates_id_unique` ON `candidates` (`id`);--> statement-breakpoint
CREATE INDEX `candidates_stack` ON `candidates` (`stack_id`,`position`);--> statement-breakpoint
CREATE INDEX `candidates_attempt` ON `candidates` (`attempt_id`);--> statement-breakpoint
CREATE TABLE `deliveries` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`event_id` text NOT NULL,
	`stack_id` text NOT NULL,
	`status` text NOT NULL,
	`created_at` text NOT NULL,
	`accepted_at` text,
	FOREIGN KEY (`event_id`) REFERENCES `flow_events`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_event_stack` ON `deliveries` (`event_id`,`stack_id`);--> statement-breakpoint
CREATE INDEX `deliveries_stack` ON `deliveries` (`stack_id`,`position`);--> statement-breakpoint
CREATE INDEX `deliveries_pending` ON `deliveries` (`created_at`) WHERE status = 'pending';--> statement-breakpoint
CREATE TABLE `dispatches` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`attempt_id` text NOT NULL,
	`event_id` text NOT NULL,
	`stack_id` text NOT NULL,
	`epoch` integer NOT NULL,
	`driver` text NOT NULL,
	`labels` text NOT NULL,
	`status` text NOT NULL,
	`outcome` text,
	`runner` text,
	`created_at` text NOT NULL,
	`claimed_at` text,
	`ended_at` text,
	FOREIGN KEY (`attempt_id`) REFERENCES `maintenance_attempts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `dispatches_id_unique` ON `dispatches` (`id`);--> statement-breakpoint
CREATE INDEX `dispatches_event` ON `dispatches` (`event_id`,`position`);--> statement-breakpoint
CREATE INDEX `dispatches_attempt` ON `dispatches` (`attempt_id`,`position`);--> statement-breakpoint
CREATE INDEX `dispatches_status` ON `dispatches` (`status`,`position`);--> statement-breakpoint
CREATE INDEX `dispatches_event_status` ON `dispatches` (`event_id`,`status`,`position`);--> statement-breakpoint
CREATE INDEX `dispatches_waiting` ON `dispatches` (`driver`,`position`) WHERE status = 'waiting';--> statement-breakpoint
CREATE TABLE `feed_entries` (
	`source_id` text NOT NULL,
	`entry_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`revision` integer DEFAULT 0 NOT NULL,
	`first_seen_at` text NOT NULL,
	`last_seen_at` text NOT NULL,
	PRIMARY KEY(`source_id`, `entry_id`),
	FOREIGN KEY (`source_id`) REFERENCES `feed_sources`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `feed_signals` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source_id` text NOT NULL,
	`entry_id` text NOT NULL,
	`revision` integer NOT NULL,
	`entry` text NOT NULL,
	`disposition` text NOT NULL,
	`decisions` text NOT NULL,
	`event_id` text,
	`seen_at` text NOT NULL,
	FOREIGN KEY (`source_id`) REFERENCES `feed_sources`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `feed_signals_revision` ON `feed_signals` (`source_id`,`entry_id`,`revision`);--> statement-breakpoint
CREATE INDEX `feed_signals_source` ON `feed_signals` (`source_id`,`position`);--> statement-breakpoint
CREATE TABLE `feed_sources` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`config` text NOT NULL,
	`next_poll_at` text,
	`primed` integer DEFAULT false NOT NULL,
	`etag` text,
	`last_modified` text,
	`last_poll_at` text,
	`last_success_at` text,
	`last_outcome` text,
	`consecutive_failures` integer DEFAULT 0 NOT NULL,
	`last_error` text,
	`moved_to` text,
	`created_at` text NOT NULL,
	`updated_at` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `feed_sources_id_unique` ON `feed_sources` (`id`);--> statement-breakpoint
CREATE INDEX `feed_sources_due` ON `feed_sources` (`next_poll_at`) WHERE next_poll_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `flow_events` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`source_id` text,
	`occurred_at` text,
	`received_at` text NOT NULL,
	`payload` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `flow_events_id_unique` ON `flow_events` (`id`);--> statement-breakpoint
CREATE INDEX `flow_events_type` ON `flow_events` (`type`,`position`);--> statement-breakpoint
CREATE TABLE `journal` (
	`stack_id` text NOT NULL,
	`seq` integer NOT NULL,
	`at` text NOT NULL,
	`actor` text NOT NULL,
	`command` text NOT NULL,
	`writer` text NOT NULL,
	`kind` text NOT NULL,
	`attempt_id` text,
	`epoch` integer,
	`from_status` text,
	`to_status` text,
	`reason` text,
	`data` text,
	PRIMARY KEY(`stack_id`, `seq`),
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `journal_attempt` ON `journal` (`attempt_id`,`seq`);--> statement-breakpoint
CREATE TABLE `outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`stack_id` text NOT NULL,
	`attempt_id` text,
	`kind` text NOT NULL,
	`payload` text NOT NULL,
	`status` text NOT NULL,
	`tries` integer DEFAULT 0 NOT NULL,
	`next_at` text NOT NULL,
	`last_error` text,
	`created_at` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbox_pending` ON `outbox` (`stack_id`,`next_at`) WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX `outbox_dead` ON `outbox` (`created_at`) WHERE status = 'dead';--> statement-breakpoint
CREATE TABLE `reports` (
	`attempt_id` text PRIMARY KEY NOT NULL,
	`epoch` integer NOT NULL,
	`report` text NOT NULL,
	`at` text NOT NULL,
	FOREIGN KEY (`attempt_id`) REFERENCES `maintenance_attempts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `runners` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`labels` text NOT NULL,
	`key_id` text NOT NULL,
	`version` text,
	`created_at` text NOT NULL,
	`last_seen_at` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runners_name_unique` ON `runners` (`name`);--> statement-breakpoint
CREATE TABLE `source_stacks` (
	`source_id` text NOT NULL,
	`stack_id` text NOT NULL,
	PRIMARY KEY(`source_id`, `stack_id`),
	FOREIGN KEY (`source_id`) REFERENCES `feed_sources`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`stack_id`) REFERENCES `stacks`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `source_stacks_stack` ON `source_stacks` (`stack_id`);--> statement-breakpoint
CREATE TABLE `stacks` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`config` text NOT NULL,
	`paused` integer DEFAULT false NOT NULL,
	`deleted_at` text,
	`journal_seq` integer DEFAULT 0 NOT NULL,
	`attempt_count` integer DEFAULT 0 NOT NULL,
	`highest_tag` text,
	`carried` text,
	`next_action_at` text,
	`created_at` text NOT NULL,
	`updated_at` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stacks_id_unique` ON `stacks` (`id`);--> statement-breakpoint
CREATE INDEX `stacks_next_action` ON `stacks` (`next_action_at`) WHERE next_action_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `tokens` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` text NOT NULL,
	`expires_at` text,
	`last_used_at` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_name_unique` ON `tokens` (`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_hash_unique` ON `tokens` (`hash`);