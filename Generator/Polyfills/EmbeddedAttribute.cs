namespace Microsoft.CodeAnalysis;

/// <summary>
/// Hides a type from every other assembly, also from those that see this one's internals. Without it a project on a newer framework that tests
/// the compiler would find each polyfill twice.
/// </summary>
[Embedded]
[AttributeUsage(AttributeTargets.All)]
internal sealed class EmbeddedAttribute : Attribute;
