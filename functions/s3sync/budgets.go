//go:build !shortbudgets

package main

import "github.com/dagferry/dagferry/internal/syncer"

func budgets() syncer.Budgets { return syncer.LambdaBudgets() }
