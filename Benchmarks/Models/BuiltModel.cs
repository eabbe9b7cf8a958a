using System.Reflection;
using System.Runtime.Loader;
using Cameo.Sessions;

namespace Cameo.Benchmarks.Models;

/// <summary>A model that went through the whole build: an assembly and its weight file.</summary>
/// <param name="AssemblyPath">The assembly with the model's class.</param>
/// <param name="WeightsPath">The packed weights; there is none for a model without weights.</param>
internal sealed record BuiltModel(string AssemblyPath, string WeightsPath)
{
    /// <summary>Loads the model.</summary>
    public CompiledModel Load()
    {
        Assembly assembly = AssemblyLoadContext.Default.LoadFromAssemblyPath(AssemblyPath);
        Type type = assembly.GetTypes().Single(static type => type.IsPublic && type.IsSubclassOf(typeof(CompiledModel)));
        return (CompiledModel)Activator.CreateInstance(type, [new ModelOptions { WeightsPath = WeightsPath }])!;
    }
}
