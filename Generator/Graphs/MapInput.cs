namespace Cameo.Generator.Graphs;

/// <summary>An input of the model that is a map. In the graph it is two inputs, of rank 1 and equally long: the keys, ascending, and the value of each.</summary>
/// <param name="Name">The model's name of it.</param>
/// <param name="Keys">The keys.</param>
/// <param name="Values">The values.</param>
internal sealed record MapInput(string Name, Value Keys, Value Values);
