"""What may pass: gates are asked and waited for, and some changes wait for a person."""
