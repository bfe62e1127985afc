DROP INDEX `attempts_intervention`;--> statement-breakpoint
CREATE INDEX `attempts_event_status` ON `maintenance_attempts` (`event_id`,`status`,`position`);--> statement-breakpoint
CREATE INDEX `attempts_event_stack_status` ON `maintenance_attempts` (`event_id`,`stack_id`,`status`,`position`);--> statement-breakpoint
CREATE INDEX `attempts_waiting_since` ON `maintenance_attempts` (`updated_at`,`id`) WHERE status = 'needs_intervention';--> statement-breakpoint
DROP INDEX `dispatches_waiting`;--> statement-breakpoint
CREATE INDEX `dispatches_waiting_for` ON `dispatches` (`driver`,`labels`,`position`) WHERE status = 'waiting';--> statement-breakpoint
DROP INDEX `feed_sources_failing`;--> statement-breakpoint
CREATE INDEX `feed_sources_failing_since` ON `feed_sources` (CASE WHEN last_success_at IS NULL THEN created_at ELSE last_success_at END,`id`) WHERE consecutive_failures > 0;--> statement-breakpoint
DROP INDEX `outbox_dead`;--> statement-breakpoint
CREATE INDEX `outbox_dead_since` ON `outbox` (`created_at`,`id`) WHERE status = 'dead';--> statement-breakpoint
ALTER TABLE `deliveries` ADD `type` text;--> statement-breakpoint
CREATE INDEX `deliveries_stack_type` ON `deliveries` (`stack_id`,`type`,`position`);--> statement-breakpoint
ALTER TABLE `flow_events` ADD `stack_ids` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `stacks` ADD `current_attempt_id` text;--> statement-breakpoint
CREATE INDEX `stacks_present` ON `stacks` (`deleted_at`,`position`);--> statement-breakpoint
UPDATE `deliveries` SET `type` = (SELECT `type` FROM `flow_events` WHERE `id` = `event_id`);--> statement-breakpoint
UPDATE `flow_events` SET `stack_ids` = (SELECT json_group_array(`stack_id`) FROM (SELECT `stack_id` FROM `deliveries` WHERE `event_id` = `flow_events`.`id` ORDER BY `position`));--> statement-breakpoint
UPDATE `stacks` SET `current_attempt_id` = (SELECT `id` FROM `maintenance_attempts` WHERE `stack_id` = `stacks`.`id` AND status IN ('queued','dispatched','running','blocked','needs_intervention') ORDER BY `number` DESC LIMIT 1);--> statement-breakpoint
UPDATE `dispatches` SET `labels` = (SELECT json_group_array(value) FROM (SELECT DISTINCT value FROM json_each(`labels`) ORDER BY value)) WHERE status = 'waiting';--> statement-breakpoint
CREATE TRIGGER `deliveries_inserted` AFTER INSERT ON `deliveries` BEGIN
	UPDATE `flow_events` SET `stack_ids` = json_insert(`stack_ids`, '$[#]', NEW.`stack_id`) WHERE `id` = NEW.`event_id`;
	UPDATE `deliveries` SET `type` = (SELECT `type` FROM `flow_events` WHERE `id` = NEW.`event_id`) WHERE `position` = NEW.`position`;
END;
