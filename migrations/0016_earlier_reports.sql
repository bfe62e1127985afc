CREATE TABLE `earlier_reports` (
	`attempt_id` text NOT NULL,
	`epoch` integer NOT NULL,
	`report` text NOT NULL,
	`at` text NOT NULL,
	PRIMARY KEY(`attempt_id`, `epoch`),
	FOREIGN KEY (`attempt_id`) REFERENCES `maintenance_attempts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TRIGGER `reports_replaced` BEFORE UPDATE ON `reports` WHEN NEW.`epoch` IS NOT OLD.`epoch` BEGIN
	INSERT INTO `earlier_reports` (`attempt_id`, `epoch`, `report`, `at`)
	VALUES (OLD.`attempt_id`, OLD.`epoch`, OLD.`report`, OLD.`at`)
	ON CONFLICT (`attempt_id`, `epoch`) DO UPDATE SET `report` = excluded.`report`, `at` = excluded.`at`;
END;--> statement-breakpoint
CREATE TRIGGER `reports_removed` AFTER DELETE ON `reports` BEGIN
	DELETE FROM `earlier_reports` WHERE `attempt_id` = OLD.`attempt_id`;
END;
