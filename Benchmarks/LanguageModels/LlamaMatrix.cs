namespace Cameo.Benchmarks.LanguageModels;

/// <summary>One matrix of a model by its name, [rows, columns]: a row makes one output of a linear layer, or is one token's embedding.</summary>
internal sealed record LlamaMatrix(string Name, int Rows, int Columns);
