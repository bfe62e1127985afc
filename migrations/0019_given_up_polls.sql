CREATE TABLE `given_up_polls` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`batch_id` integer NOT NULL,
	`source_ids` text NOT NULL,
	`at` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `given_up_polls_batch_id_unique` ON `given_up_polls` (`batch_id`);