// Package sqsqueue is what hosts do with SQS: they take messages, acknowledge them, and say when others come back.
package sqsqueue
