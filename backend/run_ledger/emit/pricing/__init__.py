"""What calls of language models cost: prices by model, and what a model is called.

`Prices.cost` is asked; `maintained_prices` asks the package genai-prices, if it is installed.
"""
