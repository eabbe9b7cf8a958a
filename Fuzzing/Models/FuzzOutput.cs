using Cameo.Sessions;

namespace Cameo.Fuzzing.Models;

/// <summary>An output of a random model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Sizes">Its declared sizes; null where the model does not tell them.</param>
internal sealed record FuzzOutput(string Name, ElementType Type, object?[]? Sizes);
