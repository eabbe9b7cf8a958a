namespace Cameo.Generator.Passes.Recognition;

/// <summary>An activation function that a node may be part of.</summary>
/// <param name="Pattern">One of <see cref="PatternNames"/>.</param>
/// <param name="Result">The function as a polynomial in its input (first variable) and the node's output (second variable).</param>
/// <param name="Type">The canonical operator.</param>
/// <param name="Attributes">Its attributes.</param>
internal sealed record ActivationForm(string Pattern, Polynomial Result, string Type, (string Name, object Value)[] Attributes);
