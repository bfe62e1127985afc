ALTER TABLE `deliveries` ADD `event` text;--> statement-breakpoint
UPDATE `deliveries` SET `event` = (SELECT json_object('sourceId', `source_id`, 'occurredAt', `occurred_at`, 'receivedAt', `received_at`, 'payload', json(`payload`), 'stackIds', json(`stack_ids`)) FROM `flow_events` WHERE `id` = `event_id`);--> statement-breakpoint
DROP TRIGGER `deliveries_inserted`;--> statement-breakpoint
CREATE TRIGGER `deliveries_inserted` AFTER INSERT ON `deliveries` BEGIN
	UPDATE `flow_events` SET `stack_ids` = json_insert(`stack_ids`, '$[#]', NEW.`stack_id`)
	WHERE `id` = NEW.`event_id` AND NOT EXISTS (SELECT 1 FROM json_each(`stack_ids`) WHERE `value` = NEW.`stack_id`);
	UPDATE `deliveries` SET (`type`, `event`) = (SELECT `type`, json_object('sourceId', `source_id`, 'occurredAt', `occurred_at`, 'receivedAt', `received_at`, 'payload', json(`payload`), 'stackIds', json(`stack_ids`)) FROM `flow_events` WHERE `id` = NEW.`event_id`)
	WHERE `position` = NEW.`position`;
END;--> statement-breakpoint
CREATE TRIGGER `flow_events_handed_on` AFTER UPDATE OF `stack_ids` ON `flow_events` BEGIN
	UPDATE `deliveries` SET `event` = json_set(`event`, '$.stackIds', json(NEW.`stack_ids`)) WHERE `event_id` = NEW.`id` AND `event` IS NOT NULL;
END;
