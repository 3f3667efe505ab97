-- What was found out about the file of an attempt, or where it is kept if it was refused.
ALTER TABLE attempt ADD COLUMN finding TEXT;
